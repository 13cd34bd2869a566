/*
 * Load for a media relay: calls between two phones each, 50 packets of 160
 * bytes a second in both directions.
 *
 *   media_load FILE SECONDS HOST
 *
 * A line of FILE is one call: port of phone A, the relay's port for A, port of
 * phone B, the relay's port for B, crypto suite of B's side or 0, then the key
 * and salt with which B sends and those with which it receives; all of them at
 * HOST. After a second of talk it prints `start`, after SECONDS more
 * `stop`, then one line of JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "../native/packets.h"
#include "rtp.h"
#include "srtp.h"

enum {
	PACKET_NS = 20000000,
	QUIET_NS = 200000000,
	PAYLOAD = 160,
	STAMP = 12,           /* where the payload tells when it was sent */
	LATENCIES = 1 << 14,  /* one microsecond each */
	READY = 256,
	WARM_SECONDS = 1
};

#define GIVE_UP_NS 5000000000ull

struct end {
	int fd;
	uint16_t sequence;
	uint32_t ssrc;
	uint64_t due;
	struct bm_context *out; /* NULL: sends and receives in the clear */
	struct bm_context *in;
};

static struct end *ends;
static int end_count, epoll;
static uint64_t sent, received, refused;
static uint32_t latency[LATENCIES];
static uint64_t start_ns, stop_ns; /* what is sent in between counts */
static uint64_t heard_ns;          /* when the last packet came */
static struct in_addr host;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void open_end(struct end *end, uint16_t port, uint16_t relay)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = (uint32_t)(end - ends) };

	address.sin_addr = host;
	address.sin_port = htons(port);
	end->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(end->fd, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	address.sin_port = htons(relay);
	if (connect(end->fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	epoll_ctl(epoll, EPOLL_CTL_ADD, end->fd, &event);
	end->ssrc = 0x1000u + event.data.u32;
}

static void read_hex(const char *text, uint8_t *bytes)
{
	unsigned int byte;

	for (; *text && sscanf(text, "%2x", &byte) == 1; text += 2)
		*bytes++ = (uint8_t)byte;
}

static struct bm_context *open_context(int suite, const char *key,
				       const char *salt, enum bm_flow flow)
{
	struct bm_key keys = { .suite = (uint16_t)suite };
	struct bm_context *context;

	read_hex(key, keys.key);
	read_hex(salt, keys.salt);
	if (bm_context_open(&context, &keys, flow))
		fail("key");
	return context;
}

static void read_calls(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[4][80];
	int port[4], suite;

	if (!file)
		fail(path);
	while (fscanf(file, "%d %d %d %d %d %79s %79s %79s %79s", &port[0],
		      &port[1], &port[2], &port[3], &suite, text[0], text[1],
		      text[2], text[3]) == 9) {
		struct end *end;

		ends = realloc(ends, (end_count + 2u) * sizeof(*ends));
		end = ends + end_count;
		memset(end, 0, 2 * sizeof(*end));
		open_end(end, (uint16_t)port[0], (uint16_t)port[1]);
		open_end(end + 1, (uint16_t)port[2], (uint16_t)port[3]);
		end_count += 2;
		if (!suite)
			continue;
		end[1].out = open_context(suite, text[0], text[1],
					  BM_OUTBOUND);
		end[1].in = open_context(suite, text[2], text[3], BM_INBOUND);
	}
	fclose(file);
}

static void talk(struct end *end)
{
	uint8_t packet[256] __attribute__((aligned(8)));
	size_t length = make_rtp(packet, end->ssrc, end->sequence++, PAYLOAD);
	uint64_t now = now_ns();

	memcpy(packet + STAMP, &now, sizeof(now));
	if (end->out)
		bm_protect(end->out, packet, &length, sizeof(packet));
	if (send(end->fd, packet, length, 0) > 0)
		sent += now >= start_ns && now < stop_ns;
	end->due += PACKET_NS;
}

static void count(const uint8_t *packet)
{
	uint64_t stamp, took;

	memcpy(&stamp, packet + STAMP, sizeof(stamp));
	if (stamp < start_ns || stamp >= stop_ns)
		return;
	received++;
	took = (heard_ns - stamp) / 1000;
	latency[took < LATENCIES ? took : LATENCIES - 1]++;
}

static void hear(struct end *end)
{
	uint8_t packet[2048] __attribute__((aligned(8)));
	ssize_t got;

	while ((got = recv(end->fd, packet, sizeof(packet), 0)) > 0) {
		size_t length = (size_t)got;

		heard_ns = now_ns();
		if (packet[1] >= 192)
			continue;
		if (end->in && bm_unprotect(end->in, packet, &length))
			refused++;
		else if (length == 12 + PAYLOAD)
			count(packet);
	}
}

/* Hear what has come; wait until `until` for it. */
static void hear_all(uint64_t until)
{
	struct epoll_event ready[READY];
	struct pollfd any = { .fd = epoll, .events = POLLIN };
	struct timespec wait = { 0 };
	uint64_t now = now_ns();
	int count, i;

	if (until > now) {
		wait.tv_nsec = (long)(until - now);
		ppoll(&any, 1, &wait, NULL);
	}
	count = epoll_wait(epoll, ready, READY, 0);
	for (i = 0; i < count; i++)
		hear(&ends[ready[i].data.u32]);
}

/* The ends talk in turn, evenly spread over the packet time. A generator that
 * gets no CPU talks later, and less. */
static void run(uint64_t nanoseconds)
{
	uint64_t now = now_ns(), stop = now + nanoseconds;
	static int next;

	for (; now < stop; now = now_ns()) {
		int most = end_count;

		while (ends[next].due <= now && most-- > 0) {
			talk(&ends[next]);
			if (ends[next].due + PACKET_NS < now)
				ends[next].due = now;
			next = (next + 1) % end_count;
		}
		hear_all(ends[next].due);
	}
}

/* Until nothing has come for a while: a generator short of CPU has a lot left
 * to hear. */
static void hear_the_rest(void)
{
	uint64_t give_up = now_ns() + GIVE_UP_NS;

	heard_ns = now_ns();
	while (now_ns() < heard_ns + QUIET_NS && now_ns() < give_up)
		hear_all(now_ns() + QUIET_NS);
}

static int quantile(double part)
{
	uint64_t wanted = (uint64_t)((double)received * part), seen = 0;
	int i;

	for (i = 0; i < LATENCIES - 1 && seen <= wanted; i++)
		seen += latency[i];
	return i;
}

/* All over the packet time, as calls that began at any moment. */
static void spread(void)
{
	uint64_t start = now_ns() + 10000000;
	int i;

	for (i = 0; i < end_count; i++) {
		ends[i].due = start + (uint64_t)PACKET_NS * i / end_count;
		ends[i].sequence = (uint16_t)(i * 31);
	}
}

int main(int count, char **arguments)
{
	struct rlimit files;

	if (count != 4 || !inet_aton(arguments[3], &host) || bm_srtp_start())
		return 2;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_TIMERSLACK, 1);
	epoll = epoll_create1(0);
	read_calls(arguments[1]);
	if (end_count == 0)
		return 2;
	spread();
	start_ns = UINT64_MAX;
	run(WARM_SECONDS * 1000000000ull);
	start_ns = now_ns();
	stop_ns = start_ns + (uint64_t)(atof(arguments[2]) * 1e9);
	puts("start");
	fflush(stdout);
	run(stop_ns - start_ns);
	puts("stop");
	fflush(stdout);
	hear_the_rest();
	printf("{\"sent\": %llu, \"received\": %llu, \"refused\": %llu, "
	       "\"p50_us\": %d, \"p99_us\": %d}\n",
	       (unsigned long long)sent, (unsigned long long)received,
	       (unsigned long long)refused, quantile(0.5), quantile(0.99));
	return 0;
}
