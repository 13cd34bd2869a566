/* What the packet thread has to tell: a bounded queue with a descriptor. */
#ifndef BM_EVENTS_H
#define BM_EVENTS_H

#include <pthread.h>
#include <stdint.h>

#include "bellhop_media.h"

/* Each side reports at most one change of each kind per look of the thread,
 * so this holds what happens between two reads of an attentive reader. */
enum { BM_EVENTS_KEPT = 256 };

struct bm_events {
	pthread_mutex_t lock;
	int fd;
	uint32_t first;
	uint32_t count;
	uint32_t lost;
	struct bm_event kept[BM_EVENTS_KEPT];
};

int bm_events_open(struct bm_events *events);
void bm_events_close(struct bm_events *events);
void bm_events_put(struct bm_events *events, const struct bm_event *event);
int32_t bm_events_take(struct bm_events *events, struct bm_event *out,
		       uint32_t capacity);

#endif
