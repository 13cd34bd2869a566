/* The packet thread, see thread.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "thread.h"

enum {
	STACK_BYTES = 128 * 1024,
	READY = 256,          /* sockets served in one pass */
	CHECKED_READS = 64,   /* per pass from a port that anybody reaches */
	RATE_US = 40000,      /* twice the usual packet time */
	LOOK_US = 1000000,
	WAKE = 0              /* epoll data; handles are never 0 */
};

static uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A handle carries its slot and the slot's generation, so that neither an
 * old handle nor an event from before a close finds the wrong relay. */
struct bm_relay *bm_find(struct bm_media *media, uint32_t handle)
{
	uint32_t slot = handle & 0xffff;
	struct bm_relay *relay;

	if (slot >= media->config.relays)
		return NULL;
	relay = media->slots[slot].relay;
	return relay && relay->id == handle ? relay : NULL;
}

static int watch(struct bm_media *media, int fd, uint64_t data)
{
	struct epoll_event event = { .events = EPOLLIN };

	event.data.u64 = data;
	return epoll_ctl(media->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_side(struct bm_media *media, struct bm_relay *relay,
		      unsigned int side)
{
	unsigned int c;
	int error = 0;

	for (c = BM_RTP; c <= BM_RTCP && !error; c++)
		error = watch(media, relay->leg[side].fd[c],
			      (uint64_t)relay->id << 8 | (side * 2 + c));
	return error;
}

int bm_rebind(struct bm_media *media, struct bm_relay *relay,
	      unsigned int side, const struct bm_address *local)
{
	int error = bm_leg_rebind(&relay->leg[side], local,
				  media->config.dscp);

	return error ? error : watch_side(media, relay, side);
}

/* What is kept of the relay in a slot, or NULL. */
static struct bm_kept *kept_of(struct bm_media *media, uint32_t slot)
{
	_Static_assert(sizeof(struct bm_kept) <= BM_KEPT_BYTES - 8, "room");
	if (!media->config.kept)
		return NULL;
	return (struct bm_kept *)(void *)(media->config.kept +
					  (size_t)slot * BM_KEPT_BYTES);
}

static struct bm_slot *free_slot(struct bm_media *media)
{
	uint32_t i;

	for (i = 0; i < media->config.relays; i++)
		if (!media->slots[i].relay)
			return &media->slots[i];
	return NULL;
}

static int install(struct bm_media *media, struct bm_slot *slot,
		   struct bm_relay *relay, uint32_t handle)
{
	int error;

	relay->id = handle;
	relay->events = &media->events;
	relay->kept = kept_of(media, handle & 0xffff);
	error = watch_side(media, relay, BM_A);
	if (!error)
		error = watch_side(media, relay, BM_B);
	if (error)
		return error;
	slot->relay = relay;
	slot->generation = (uint16_t)((handle >> 16) + 1);
	media->relays++;
	return 0;
}

int32_t bm_install(struct bm_media *media, struct bm_relay *relay)
{
	struct bm_slot *slot = free_slot(media);
	int error;

	if (!slot)
		return -ENFILE;
	if (slot->generation == 0)
		slot->generation = 1;
	error = install(media, slot, relay,
			(uint32_t)slot->generation << 16 |
				(uint32_t)(slot - media->slots));
	if (!error && relay->kept) {
		memset(relay->kept, 0, sizeof(*relay->kept));
		relay->kept->abi = BM_ABI;
		relay->kept->relay = relay->id;
	}
	return error;
}

int32_t bm_reinstall(struct bm_media *media, struct bm_relay *relay,
		     uint32_t handle)
{
	uint32_t slot = handle & 0xffff;
	const struct bm_kept *kept;

	if (slot >= media->config.relays || media->slots[slot].relay)
		return -ENOENT;
	kept = kept_of(media, slot);
	if (!kept || kept->abi != BM_ABI || kept->relay != handle)
		return -ENOENT;
	return install(media, &media->slots[slot], relay, handle);
}

void bm_uninstall(struct bm_media *media, struct bm_relay *relay)
{
	if (relay->kept)
		memset(relay->kept, 0, sizeof(*relay->kept));
	media->slots[relay->id & 0xffff].relay = NULL;
	media->relays--;
	bm_relay_free(relay);
}

/* Pass on what was read so far. */
static void flush(struct bm_media *media)
{
	bm_relay_pass(media->burst, media->read, media->now_us);
	media->packets += media->read;
	media->read = 0;
}

/* The place of the next packet. */
static struct bm_packet *next_packet(struct bm_media *media,
				     struct bm_relay *relay, unsigned int port)
{
	struct bm_packet *packet;

	if (media->read == BM_BURST)
		flush(media);
	packet = &media->burst[media->read];
	packet->relay = relay;
	packet->port = port;
	return packet;
}

static ssize_t read_one(struct bm_media *media, struct bm_relay *relay,
			unsigned int port)
{
	struct bm_packet *packet = next_packet(media, relay, port);
	ssize_t got = bm_leg_receive(&relay->leg[port / 2], port % 2,
				     packet->data, sizeof(packet->data),
				     &packet->from);

	if (got >= 0) {
		packet->length = (size_t)got;
		media->read++;
	}
	return got;
}

/* Until the port is fixed, empty its queue: what is wanted may stand behind
 * a flood of what is not. Each packet may latch the port for the next. */
static void read_checked(struct bm_media *media, struct bm_relay *relay,
			 unsigned int port)
{
	int i;

	for (i = 0; i < CHECKED_READS; i++) {
		if (read_one(media, relay, port) == -EAGAIN)
			return;
		flush(media);
	}
	media->behind = 1;
}

static void read_burst(struct bm_media *media, struct bm_relay *relay,
		       unsigned int port)
{
	struct bm_leg *leg = &relay->leg[port / 2];
	int count, i;

	flush(media);
	count = recvmmsg(leg->fd[port % 2], media->messages, BM_BURST,
			 MSG_DONTWAIT | MSG_TRUNC, NULL);
	leg->bursty[port % 2] = count > 1;
	media->behind |= count == BM_BURST;
	for (i = 0; i < count; i++) {
		next_packet(media, relay, port)->length =
			media->messages[i].msg_len;
		media->read++;
	}
}

/*
 * One plain read serves a port that has a packet every now and then. A port
 * that was ready in two passes running may hold more than one packet, and is
 * then read in bursts for as long as it does.
 */
static void serve(struct bm_media *media, uint64_t data)
{
	struct bm_relay *relay = bm_find(media, (uint32_t)(data >> 8));
	unsigned int port = data & 3;
	struct bm_leg *leg;
	uint32_t before;

	if (!relay || relay->dead)
		return;
	leg = &relay->leg[port / 2];
	if (leg->latch[port % 2] != BM_FIXED) {
		read_checked(media, relay, port);
		return;
	}
	before = leg->pass[port % 2];
	leg->pass[port % 2] = media->pass;
	if (leg->bursty[port % 2])
		read_burst(media, relay, port);
	else if (read_one(media, relay, port) >= 0 &&
		 before + 1 == media->pass)
		leg->bursty[port % 2] = read_one(media, relay, port) >= 0;
}

static void run_commands(struct bm_media *media)
{
	struct bm_command *command, *next;
	eventfd_t ignored;

	eventfd_read(media->wake, &ignored);
	pthread_mutex_lock(&media->lock);
	command = media->first;
	media->first = NULL;
	media->last = &media->first;
	pthread_mutex_unlock(&media->lock);
	for (; command; command = next) {
		int32_t result = command->run(media, command);

		next = command->next;
		pthread_mutex_lock(&media->lock);
		command->result = result;
		command->done = 1;
		pthread_cond_broadcast(&media->done);
		pthread_mutex_unlock(&media->lock);
	}
}

int32_t bm_thread_call(struct bm_media *media, struct bm_command *command)
{
	command->done = 0;
	command->next = NULL;
	pthread_mutex_lock(&media->lock);
	*media->last = command;
	media->last = &command->next;
	eventfd_write(media->wake, 1);
	while (!command->done)
		pthread_cond_wait(&media->done, &media->lock);
	pthread_mutex_unlock(&media->lock);
	return command->result;
}

/* How often to look for silence: a fraction of what is looked for. */
static uint64_t look_interval(const struct bm_config *config)
{
	uint64_t us = LOOK_US;

	if (config->silent_ms && config->silent_ms * 250ull < us)
		us = config->silent_ms * 250ull;
	if (config->dead_ms && config->dead_ms * 250ull < us)
		us = config->dead_ms * 250ull;
	return us;
}

static void look_at_all(struct bm_media *media)
{
	uint32_t i;

	for (i = 0; i < media->config.relays; i++)
		if (media->slots[i].relay)
			bm_relay_look(media->slots[i].relay, &media->config,
				      media->now_us);
	media->look_us = media->now_us + look_interval(&media->config);
}

/* Packets per nap, averaged over the last intervals. */
static void measure_rate(struct bm_media *media)
{
	uint64_t elapsed = media->now_us - media->rate_us;
	uint64_t packets = media->packets - media->rate_packets;

	if (elapsed < RATE_US)
		return;
	media->expected = (uint32_t)((media->expected +
				      16 * packets *
					      media->config.coalesce_us /
					      elapsed) / 2);
	media->rate_us = media->now_us;
	media->rate_packets = media->packets;
}

/* To fall asleep and wake costs as much as a packet: below one and a half
 * packets for each nap, being woken for each packet is as cheap. */
static int is_busy(const struct bm_media *media)
{
	return media->expected >= 16 + 8;
}

/* Sleep out the interval, so that the next pass finds several packets. Only
 * a command ends it early. */
static void nap(struct bm_media *media)
{
	struct pollfd wake = { .fd = media->wake, .events = POLLIN };
	struct timespec time = { 0 };
	uint64_t spent = clock_us() - media->now_us;

	if (spent >= media->config.coalesce_us)
		return;
	time.tv_nsec = (long)(media->config.coalesce_us - spent) * 1000;
	ppoll(&wake, 1, &time, NULL);
}

static int wait_ms(const struct bm_media *media)
{
	if (media->behind || is_busy(media))
		return 0;
	if (media->relays == 0)
		return -1;
	if (media->look_us <= media->now_us)
		return 0;
	return (int)((media->look_us - media->now_us) / 1000) + 1;
}

static void run_pass(struct bm_media *media)
{
	struct epoll_event ready[READY];
	int count = epoll_wait(media->epoll, ready, READY, wait_ms(media));
	int commands = 0, i;

	media->now_us = clock_us();
	media->pass++;
	media->behind = count == READY;
	for (i = 0; i < count; i++) {
		if (ready[i].data.u64 != WAKE)
			serve(media, ready[i].data.u64);
		else
			commands = 1;
	}
	flush(media);
	/* Not in between: packets that were read point to their relays. */
	if (commands)
		run_commands(media);
	if (media->now_us >= media->look_us)
		look_at_all(media);
	measure_rate(media);
	if (!media->behind && is_busy(media))
		nap(media);
}

static void *run(void *argument)
{
	struct bm_media *media = argument;

	while (!media->stopping)
		run_pass(media);
	return NULL;
}

static void prepare_bursts(struct bm_media *media)
{
	int i;

	for (i = 0; i < BM_BURST; i++) {
		media->vectors[i].iov_base = media->burst[i].data;
		media->vectors[i].iov_len = sizeof(media->burst[i].data);
		media->messages[i].msg_hdr.msg_iov = &media->vectors[i];
		media->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

/* Signals are for the program that loaded the library. */
static int start_quietly(struct bm_media *media, pthread_attr_t *attributes)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&media->thread, attributes, run, media);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int bm_thread_start(struct bm_media *media)
{
	pthread_attr_t attributes;
	int error;

	prepare_bursts(media);
	media->last = &media->first;
	media->now_us = clock_us();
	error = watch(media, media->wake, WAKE);
	if (error)
		return error;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = start_quietly(media, &attributes);
	pthread_attr_destroy(&attributes);
	return error;
}
