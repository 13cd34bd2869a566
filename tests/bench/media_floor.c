/*
 * Linked into a copy of the library, in front of what it cannot do without:
 * receive, crypto and send (see media.mk). Adds up the time that they take
 * where they are really called, with the caches as the relay leaves them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "srtp.h"

enum { RECEIVE, CRYPTO, SEND, STEPS };

/* Longer than any of them takes: the thread was interrupted. */
enum { INTERRUPTED_NS = 50000 };

struct step {
	uint64_t ns;
	uint64_t calls;
};

static struct step steps[STEPS];
static uint64_t reading_ns;

#pragma GCC visibility push(default)
/* Nanoseconds and calls of each step since the last time; also starts. */
void bm_floor(uint64_t out[2 * STEPS]);
#pragma GCC visibility pop

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What one look at the clock adds to every step. */
static uint64_t clock_cost(void)
{
	uint64_t start = now_ns();
	int i;

	for (i = 0; i < 1000; i++)
		now_ns();
	return (now_ns() - start) / 1000;
}

void bm_floor(uint64_t out[2 * STEPS])
{
	int i;

	for (i = 0; i < STEPS; i++) {
		out[2 * i] = steps[i].ns;
		out[2 * i + 1] = steps[i].calls;
		steps[i] = (struct step){ 0 };
	}
	reading_ns = clock_cost();
}

static void count(int step, uint64_t start, uint64_t calls)
{
	uint64_t took = now_ns() - start;

	if (took > INTERRUPTED_NS * (calls ? calls : 1))
		return;
	steps[step].ns += took > reading_ns ? took - reading_ns : 0;
	steps[step].calls += calls;
}

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
	uint64_t start = now_ns();
	ssize_t got = __real_recv(fd, data, size, flags);

	count(RECEIVE, start, got >= 0);
	return got;
}

int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned int most,
		    int flags, struct timespec *wait);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned int most,
		    int flags, struct timespec *wait);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned int most,
		    int flags, struct timespec *wait)
{
	uint64_t start = now_ns();
	int got = __real_recvmmsg(fd, messages, most, flags, wait);

	count(RECEIVE, start, got > 0 ? (uint64_t)got : 0);
	return got;
}

ssize_t __real_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	uint64_t start = now_ns();
	ssize_t sent = __real_send(fd, data, size, flags);

	count(SEND, start, sent >= 0);
	return sent;
}

int __real_bm_protect(struct bm_context *context, uint8_t *packet,
		      size_t *length, size_t capacity);
int __wrap_bm_protect(struct bm_context *context, uint8_t *packet,
		      size_t *length, size_t capacity);
int __wrap_bm_protect(struct bm_context *context, uint8_t *packet,
		      size_t *length, size_t capacity)
{
	uint64_t start = now_ns();
	int error = __real_bm_protect(context, packet, length, capacity);

	count(CRYPTO, start, 1);
	return error;
}

int __real_bm_unprotect(struct bm_context *context, uint8_t *packet,
			size_t *length);
int __wrap_bm_unprotect(struct bm_context *context, uint8_t *packet,
			size_t *length);
int __wrap_bm_unprotect(struct bm_context *context, uint8_t *packet,
			size_t *length)
{
	uint64_t start = now_ns();
	int error = __real_bm_unprotect(context, packet, length);

	count(CRYPTO, start, 1);
	return error;
}
