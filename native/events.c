/* The queue of events, see events.h. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "events.h"

int bm_events_open(struct bm_events *events)
{
	events->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (events->fd < 0)
		return -errno;
	pthread_mutex_init(&events->lock, NULL);
	return 0;
}

void bm_events_close(struct bm_events *events)
{
	pthread_mutex_destroy(&events->lock);
	close(events->fd);
}

void bm_events_put(struct bm_events *events, const struct bm_event *event)
{
	uint32_t place;

	pthread_mutex_lock(&events->lock);
	if (events->count == BM_EVENTS_KEPT) {
		events->lost++;
	} else {
		place = (events->first + events->count) % BM_EVENTS_KEPT;
		events->kept[place] = *event;
		events->count++;
	}
	pthread_mutex_unlock(&events->lock);
	eventfd_write(events->fd, 1);
}

static uint32_t take_kept(struct bm_events *events, struct bm_event *out,
			  uint32_t capacity)
{
	uint32_t taken = 0;

	while (taken < capacity && events->count > 0) {
		out[taken++] = events->kept[events->first];
		events->first = (events->first + 1) % BM_EVENTS_KEPT;
		events->count--;
	}
	if (taken < capacity && events->lost > 0) {
		out[taken++] = (struct bm_event){ .kind = BM_EVENTS_LOST };
		events->lost = 0;
	}
	return taken;
}

int32_t bm_events_take(struct bm_events *events, struct bm_event *out,
		       uint32_t capacity)
{
	eventfd_t ignored;
	uint32_t taken;

	pthread_mutex_lock(&events->lock);
	eventfd_read(events->fd, &ignored);
	taken = take_kept(events, out, capacity);
	if (events->count > 0 || events->lost > 0)
		eventfd_write(events->fd, 1);
	pthread_mutex_unlock(&events->lock);
	return (int32_t)taken;
}
