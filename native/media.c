/* The library's functions, see bellhop_media.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "thread.h"

int32_t bm_abi(void)
{
	return BM_ABI;
}

static int is_acceptable(const struct bm_config *config)
{
	return config->relays > 0 && config->relays <= 65535 &&
	       config->coalesce_us <= 100000 && config->dscp < 64;
}

static int open_descriptors(struct bm_media *media)
{
	int error = bm_events_open(&media->events);

	if (error)
		return error;
	media->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (media->wake < 0)
		goto out_events;
	media->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (media->epoll < 0)
		goto out_wake;
	return 0;
out_wake:
	error = -errno;
	close(media->wake);
out_events:
	if (!error)
		error = -errno;
	bm_events_close(&media->events);
	return error;
}

static void close_descriptors(struct bm_media *media)
{
	close(media->epoll);
	close(media->wake);
	bm_events_close(&media->events);
}

static int start(struct bm_media *media)
{
	int error = open_descriptors(media);

	if (error)
		return error;
	pthread_mutex_init(&media->lock, NULL);
	pthread_cond_init(&media->done, NULL);
	media->suites = bm_srtp_suites();
	error = bm_thread_start(media);
	if (error) {
		pthread_cond_destroy(&media->done);
		pthread_mutex_destroy(&media->lock);
		close_descriptors(media);
	}
	return error;
}

int32_t bm_open(const struct bm_config *config, struct bm_media **media)
{
	struct bm_media *new;
	int error;

	*media = NULL;
	if (!is_acceptable(config))
		return -EINVAL;
	new = calloc(1, sizeof(*new) +
				config->relays * sizeof(new->slots[0]));
	if (!new)
		return -ENOMEM;
	new->config = *config;
	error = bm_srtp_start();
	if (error)
		goto out;
	error = start(new);
	if (error)
		goto out_srtp;
	*media = new;
	return 0;
out_srtp:
	bm_srtp_stop();
out:
	free(new);
	return error;
}

static int32_t run_stop(struct bm_media *media, struct bm_command *command)
{
	uint32_t i;

	(void)command;
	/* What is kept of them stays: another process may go on. */
	for (i = 0; i < media->config.relays; i++)
		if (media->slots[i].relay) {
			media->slots[i].relay->kept = NULL;
			bm_uninstall(media, media->slots[i].relay);
		}
	media->stopping = 1;
	return 0;
}

int32_t bm_close(struct bm_media *media)
{
	struct bm_command command = { .run = run_stop };

	bm_thread_call(media, &command);
	pthread_join(media->thread, NULL);
	close_descriptors(media);
	pthread_cond_destroy(&media->done);
	pthread_mutex_destroy(&media->lock);
	bm_srtp_stop();
	explicit_bzero(media->burst, sizeof(media->burst));
	free(media);
	return 0;
}

static int32_t run_open(struct bm_media *media, struct bm_command *command)
{
	int32_t error = bm_install(media, command->opened);

	command->relay = command->opened->id;
	return error;
}

int32_t bm_relay_open(struct bm_media *media, const struct bm_side side[2],
		      uint32_t *relay, struct bm_ports *ports)
{
	struct bm_command command = { .run = run_open };
	int32_t error = bm_relay_new(&command.opened, side,
				     media->config.dscp, ports);

	if (error)
		return error;
	error = bm_thread_call(media, &command);
	if (error)
		bm_relay_free(command.opened);
	else
		*relay = command.relay;
	return error;
}

static int32_t run_resume(struct bm_media *media, struct bm_command *command)
{
	return bm_reinstall(media, command->opened, command->relay);
}

int32_t bm_relay_resume(struct bm_media *media, const struct bm_side side[2],
			uint32_t relay, struct bm_ports *ports)
{
	struct bm_command command = { .run = run_resume, .relay = relay };
	int32_t error = bm_relay_new(&command.opened, side,
				     media->config.dscp, ports);

	if (error)
		return error;
	error = bm_thread_call(media, &command);
	if (error)
		bm_relay_free(command.opened);
	return error;
}

static int32_t run_update(struct bm_media *media, struct bm_command *command)
{
	struct bm_relay *relay = bm_find(media, command->relay);
	struct bm_address local;
	int error;

	if (!relay || relay->dead)
		return -ENOENT;
	error = bm_relay_check(relay, command->side, command->update,
			       media->suites);
	if (!error && command->update->set & BM_SET_LOCAL)
		error = bm_rebind(media, relay, command->side,
				  &command->update->local);
	else if (!error && command->update->set & BM_SET_REMOTE &&
		 bm_leg_is_tied(&relay->leg[command->side],
				command->update->remote, &local))
		error = bm_rebind(media, relay, command->side, &local);
	if (error)
		return error;
	return bm_relay_apply(relay, command->side, command->update,
			      media->now_us);
}

int32_t bm_relay_update(struct bm_media *media, uint32_t relay, uint32_t side,
			const struct bm_update *update)
{
	struct bm_command command = {
		.run = run_update,
		.relay = relay,
		.side = side,
		.update = update,
	};

	return bm_thread_call(media, &command);
}

static int32_t run_stats(struct bm_media *media, struct bm_command *command)
{
	struct bm_relay *relay = bm_find(media, command->relay);
	int side;

	if (!relay)
		return -ENOENT;
	for (side = BM_A; side <= BM_B; side++)
		bm_leg_stats(&relay->leg[side], &command->stats->side[side],
			     media->now_us);
	command->stats->dead = relay->dead;
	return 0;
}

int32_t bm_relay_stats(struct bm_media *media, uint32_t relay,
		       struct bm_stats *stats)
{
	struct bm_command command = {
		.run = run_stats,
		.relay = relay,
		.stats = stats,
	};

	return bm_thread_call(media, &command);
}

static int32_t run_close(struct bm_media *media, struct bm_command *command)
{
	struct bm_relay *relay = bm_find(media, command->relay);

	if (!relay)
		return -ENOENT;
	bm_uninstall(media, relay);
	return 0;
}

int32_t bm_relay_close(struct bm_media *media, uint32_t relay)
{
	struct bm_command command = { .run = run_close, .relay = relay };

	return bm_thread_call(media, &command);
}

int32_t bm_events_fd(struct bm_media *media)
{
	return media->events.fd;
}

int32_t bm_events(struct bm_media *media, struct bm_event *events,
		  uint32_t capacity)
{
	return bm_events_take(&media->events, events, capacity);
}

static int32_t run_status(struct bm_media *media, struct bm_command *command)
{
	command->status->relays = media->relays;
	command->status->suites = media->suites;
	command->status->packets = media->packets;
	command->status->passes = media->pass;
	return 0;
}

int32_t bm_status(struct bm_media *media, struct bm_status *status)
{
	struct bm_command command = { .run = run_status, .status = status };

	return bm_thread_call(media, &command);
}
