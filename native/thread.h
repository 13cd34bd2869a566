/*
 * The packet thread: it waits for packets, owns all relays, and carries out
 * commands between two passes over the sockets.
 */
#ifndef BM_THREAD_H
#define BM_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bellhop_media.h"
#include "events.h"
#include "relay.h"

/* Packets that go through each step together, at most. */
enum { BM_BURST = 64 };

struct bm_slot {
	struct bm_relay *relay; /* NULL: free */
	uint16_t generation;    /* of its present or next relay */
};

/* A call from another thread; it lives on the caller's stack. */
struct bm_command {
	int32_t (*run)(struct bm_media *media, struct bm_command *command);
	uint32_t relay;
	uint32_t side;
	struct bm_relay *opened;
	const struct bm_update *update;
	struct bm_stats *stats;
	struct bm_status *status;
	int32_t result;
	int done;
	struct bm_command *next;
};

struct bm_media {
	struct bm_config config;
	struct bm_events events;
	uint32_t suites;
	pthread_t thread;
	int epoll;

	/* Shared with callers. */
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct bm_command *first;
	struct bm_command **last;
	int wake;

	/* The thread's own. */
	int stopping;
	int behind;             /* more packets wait than one pass takes */
	uint32_t relays;
	uint32_t pass;
	uint64_t now_us;
	uint64_t look_us;       /* when to look for silence next */
	uint64_t packets;
	uint64_t rate_us;       /* start of the interval being measured */
	uint64_t rate_packets;  /* media->packets at that time */
	uint32_t expected;      /* packets per nap, in sixteenths */
	uint32_t read;          /* packets in `burst` */
	struct mmsghdr messages[BM_BURST];
	struct iovec vectors[BM_BURST];
	struct bm_packet burst[BM_BURST];
	struct bm_slot slots[];
};

int bm_thread_start(struct bm_media *media);

/* Have the thread run a command, wait for it and return its result. */
int32_t bm_thread_call(struct bm_media *media, struct bm_command *command);

/* The relay of a handle, or NULL. In the thread only. */
struct bm_relay *bm_find(struct bm_media *media, uint32_t handle);

/* Give a relay a slot and a handle and begin to read its ports. */
int32_t bm_install(struct bm_media *media, struct bm_relay *relay);
/* The same with the slot and handle that it had in an earlier process. */
int32_t bm_reinstall(struct bm_media *media, struct bm_relay *relay,
		     uint32_t handle);
/* Listen with the ports of a side on another address. In the thread only. */
int bm_rebind(struct bm_media *media, struct bm_relay *relay,
	      unsigned int side, const struct bm_address *local);
void bm_uninstall(struct bm_media *media, struct bm_relay *relay);

#endif
