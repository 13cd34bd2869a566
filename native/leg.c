/* One side of a relay, see leg.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "leg.h"

const uint8_t bm_latch_next[BM_LATCHES][BM_LATCH_EVENTS] = {
	/*                SIGNALLED  ADMITTED      EMPTIED    MISSED */
	[BM_DEAF]     = { BM_OPEN,   BM_DEAF,      BM_DEAF,   BM_DEAF },
	[BM_OPEN]     = { BM_OPEN,   BM_DRAINING,  BM_OPEN,   BM_OPEN },
	[BM_DRAINING] = { BM_OPEN,   BM_DRAINING,  BM_FIXED,  BM_OPEN },
	[BM_FIXED]    = { BM_OPEN,   BM_FIXED,     BM_FIXED,  BM_OPEN },
};

union socket_address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

static size_t ip_length(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static socklen_t to_socket(const struct bm_address *address, uint16_t port,
			   union socket_address *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family == 4) {
		out->ip4.sin_family = AF_INET;
		out->ip4.sin_port = htons(port);
		memcpy(&out->ip4.sin_addr, address->ip, 4);
		return sizeof(out->ip4);
	}
	out->ip6.sin6_family = AF_INET6;
	out->ip6.sin6_port = htons(port);
	out->ip6.sin6_scope_id = address->scope;
	memcpy(&out->ip6.sin6_addr, address->ip, 16);
	return sizeof(out->ip6);
}

static void from_socket(const union socket_address *in,
			struct bm_address *out)
{
	memset(out, 0, sizeof(*out));
	if (in->any.sa_family == AF_INET) {
		out->family = 4;
		out->port = ntohs(in->ip4.sin_port);
		memcpy(out->ip, &in->ip4.sin_addr, 4);
		return;
	}
	out->family = 6;
	out->port = ntohs(in->ip6.sin6_port);
	out->scope = in->ip6.sin6_scope_id;
	memcpy(out->ip, &in->ip6.sin6_addr, 16);
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Packets that grew by a tag may be fragmented rather than refused. */
static void set_options(int fd, uint8_t family, uint32_t dscp)
{
	if (family == 4) {
		set_option(fd, IPPROTO_IP, IP_TOS, (int)(dscp << 2));
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER,
			   IP_PMTUDISC_DONT);
		return;
	}
	set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, (int)(dscp << 2));
	set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static int open_socket(uint8_t family, uint32_t dscp)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6,
			SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set_options(fd, family, dscp);
	return fd;
}

/* A socket that found its port taken is tried on the next one. */
static int bind_port(int *fd, const struct bm_address *local, uint16_t port,
		     uint32_t dscp)
{
	union socket_address address;
	socklen_t length = to_socket(local, port, &address);
	int new = *fd >= 0 ? *fd : open_socket(local->family, dscp);

	if (new < 0)
		return new;
	*fd = new;
	return bind(new, &address.any, length) ? -errno : 0;
}

static int bind_pair(struct bm_leg *leg, const struct bm_side *side,
		     uint16_t port, uint32_t dscp)
{
	int error = bind_port(&leg->fd[BM_RTP], &side->local, port, dscp);

	if (error)
		return error;
	error = bind_port(&leg->fd[BM_RTCP], &side->local,
			  (uint16_t)(port + 1), dscp);
	if (error) {
		close(leg->fd[BM_RTP]);
		leg->fd[BM_RTP] = -1;
	}
	return error;
}

/* A random start: a port that was just closed is not used again at once,
 * and nobody can guess the next one. */
static uint32_t random_below(uint32_t bound)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = (uint32_t)getpid();
	return number % bound;
}

int bm_leg_open(struct bm_leg *leg, const struct bm_side *side, uint32_t dscp,
		uint16_t ports[2])
{
	uint32_t low = (side->port_low + 1u) & ~1u;
	uint32_t pairs, first, i;
	int error = -EADDRINUSE;

	leg->fd[BM_RTP] = -1;
	leg->fd[BM_RTCP] = -1;
	leg->family = side->local.family;
	leg->clock_rate = 8000;
	if ((leg->family != 4 && leg->family != 6) || side->port_low == 0 ||
	    low + 1 > side->port_high)
		return -EINVAL;
	pairs = (side->port_high + 1u - low) / 2;
	first = random_below(pairs);
	for (i = 0; i < pairs && error == -EADDRINUSE; i++) {
		ports[BM_RTP] = (uint16_t)(low + (first + i) % pairs * 2);
		ports[BM_RTCP] = (uint16_t)(ports[BM_RTP] + 1);
		error = bind_pair(leg, side, ports[BM_RTP], dscp);
	}
	if (error)
		bm_leg_close(leg);
	return error;
}

static struct bm_address local_of(int fd)
{
	union socket_address address;
	struct bm_address found = { 0 };
	socklen_t length = sizeof(address);

	if (getsockname(fd, &address.any, &length) == 0)
		from_socket(&address, &found);
	return found;
}

void bm_leg_close(struct bm_leg *leg)
{
	int c;

	for (c = BM_RTP; c <= BM_RTCP; c++) {
		if (leg->fd[c] >= 0)
			close(leg->fd[c]);
		leg->fd[c] = -1;
		leg->latch[c] = BM_DEAF;
	}
	bm_context_close(leg->receive);
	bm_context_close(leg->send);
	leg->receive = NULL;
	leg->send = NULL;
}

static void step(struct bm_leg *leg, unsigned int component,
		 enum bm_latch_event event)
{
	leg->latch[component] = bm_latch_next[leg->latch[component]][event];
}

int bm_leg_rebind(struct bm_leg *leg, const struct bm_address *local,
		  uint32_t dscp)
{
	unsigned int c;
	int error = 0;

	for (c = BM_RTP; c <= BM_RTCP && !error; c++) {
		uint16_t port = local_of(leg->fd[c]).port;

		/* Bound to every address, the old one would keep the port. */
		close(leg->fd[c]);
		leg->fd[c] = -1;
		error = bind_port(&leg->fd[c], local, port, dscp);
		leg->peer[c].family = 0;
		leg->tied[c].family = 0;
		if (leg->latch[c] != BM_DEAF)
			step(leg, c, BM_SIGNALLED);
	}
	return error;
}

static int is_same_ip(const struct bm_address *a, const struct bm_address *b)
{
	return a->family == b->family &&
	       memcmp(a->ip, b->ip, ip_length(a->family)) == 0;
}

static int is_same(const struct bm_address *a, const struct bm_address *b)
{
	return is_same_ip(a, b) && a->port == b->port;
}

static int is_inside(const struct bm_address *net,
		     const struct bm_address *from)
{
	size_t bytes = net->prefix / 8;
	uint8_t mask = (uint8_t)(0xff00 >> net->prefix % 8);

	return net->family == from->family &&
	       (net->port == 0 || net->port == from->port) &&
	       memcmp(net->ip, from->ip, bytes) == 0 &&
	       (mask == 0 || ((net->ip[bytes] ^ from->ip[bytes]) & mask) == 0);
}

int bm_leg_is_tied(const struct bm_leg *leg, const struct bm_address remote[2],
		   struct bm_address *local)
{
	unsigned int c;

	*local = local_of(leg->fd[BM_RTP]);
	for (c = BM_RTP; c <= BM_RTCP; c++) {
		const struct bm_address *to =
			&remote[remote[c].family ? c : BM_RTP];

		if (leg->tied[c].family && !is_same_ip(&leg->tied[c], to))
			return 1;
	}
	return 0;
}

int bm_leg_admits(const struct bm_leg *leg, unsigned int component,
		  const struct bm_address *from)
{
	/* A socket connected to port 0 would hear every port. */
	if (leg->latch[component] == BM_DEAF || from->port == 0)
		return 0;
	if (is_same(&leg->peer[component], from))
		return 1;
	if (leg->latch[component] != BM_OPEN)
		return 0;
	return is_same(&leg->remote[component], from) ||
	       (leg->allow.family && is_inside(&leg->allow, from));
}

static void disconnect(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(fd, &none, sizeof(none));
}

static int is_new(const struct bm_leg *leg, unsigned int component,
		  const struct bm_address *remote,
		  const struct bm_address *allow)
{
	if (leg->latch[component] == BM_DEAF)
		return 1;
	if (leg->latch[component] != BM_OPEN &&
	    is_same(remote, &leg->peer[component]))
		return 0;
	return !is_same(remote, &leg->remote[component]) ||
	       memcmp(allow, &leg->allow, sizeof(*allow)) != 0;
}

void bm_leg_direct(struct bm_leg *leg, const struct bm_address remote[2],
		   const struct bm_address *allow, int again)
{
	unsigned int c;

	for (c = BM_RTP; c <= BM_RTCP; c++) {
		struct bm_address new = remote[c];

		if (new.family == 0) {
			new = remote[BM_RTP];
			new.port++;
		}
		if (again || is_new(leg, c, &new, allow)) {
			disconnect(leg->fd[c]);
			step(leg, c, BM_SIGNALLED);
			leg->peer[c].family = 0;
		}
		leg->remote[c] = new;
	}
	leg->allow = *allow;
}

void bm_leg_reopen(struct bm_leg *leg)
{
	unsigned int c;

	for (c = BM_RTP; c <= BM_RTCP; c++) {
		disconnect(leg->fd[c]);
		step(leg, c, BM_MISSED);
	}
}

const struct bm_address *bm_leg_peer(const struct bm_leg *leg,
				     unsigned int component)
{
	return leg->peer[component].family ? &leg->peer[component] :
					     &leg->remote[component];
}

int bm_leg_latch(struct bm_leg *leg, unsigned int component,
		 const struct bm_address *from)
{
	union socket_address address;
	socklen_t length = to_socket(from, from->port, &address);

	if (connect(leg->fd[component], &address.any, length) < 0)
		return -errno;
	leg->peer[component] = *from;
	if (leg->family == 6)
		leg->tied[component] = *from;
	step(leg, component, BM_ADMITTED);
	return 0;
}

ssize_t bm_leg_receive(struct bm_leg *leg, unsigned int component,
		       uint8_t *packet, size_t capacity,
		       struct bm_address *from)
{
	union socket_address address;
	socklen_t length = sizeof(address);
	ssize_t got;

	if (leg->latch[component] == BM_FIXED) {
		got = recv(leg->fd[component], packet, capacity, MSG_TRUNC);
		return got < 0 ? -errno : got;
	}
	got = recvfrom(leg->fd[component], packet, capacity, MSG_TRUNC,
		       &address.any, &length);
	if (got < 0 && errno == EAGAIN)
		step(leg, component, BM_EMPTIED);
	if (got < 0)
		return -errno;
	from_socket(&address, from);
	return got;
}

int bm_leg_send(struct bm_leg *leg, unsigned int component,
		const uint8_t *packet, size_t length)
{
	const struct bm_address *to = bm_leg_peer(leg, component);
	int fd = leg->fd[component];
	union socket_address address;
	socklen_t size;
	ssize_t sent;

	if (leg->latch[component] >= BM_DRAINING) {
		sent = send(fd, packet, length, 0);
		/* An ICMP answer to an earlier packet; this one did not go. */
		if (sent < 0 && errno == ECONNREFUSED)
			sent = send(fd, packet, length, 0);
		return sent < 0 ? -errno : 0;
	}
	if (to->family == 0 || to->port == 0)
		return -ENOTCONN;
	size = to_socket(to, to->port, &address);
	sent = sendto(fd, packet, length, 0, &address.any, size);
	return sent < 0 ? -errno : 0;
}

/* The place of an SSRC, moved to the front; the last to be heard gives way
 * to a new one. */
static struct bm_source *source_of(struct bm_leg *leg, uint32_t ssrc)
{
	struct bm_source found = { .ssrc = ssrc };
	unsigned int i = 0;

	if (leg->sources[0].heard && leg->sources[0].ssrc == ssrc)
		return &leg->sources[0];
	while (i < BM_SOURCES - 1 && leg->sources[i].heard &&
	       leg->sources[i].ssrc != ssrc)
		i++;
	if (leg->sources[i].heard && leg->sources[i].ssrc == ssrc) {
		found = leg->sources[i];
	} else if (leg->sources[i].heard) {
		leg->expected += bm_source_expected(&leg->sources[i]);
		leg->heard += leg->sources[i].heard;
	}
	memmove(leg->sources + 1, leg->sources, i * sizeof(found));
	leg->sources[0] = found;
	return &leg->sources[0];
}

void bm_leg_hear(struct bm_leg *leg, const uint8_t *packet, uint64_t now_us)
{
	uint32_t arrival = (uint32_t)(now_us * leg->clock_rate / 1000000);

	bm_source_hear(source_of(leg, bm_rtp_ssrc(packet)), packet, arrival);
}

void bm_leg_stats(const struct bm_leg *leg, struct bm_side_stats *stats,
		  uint64_t now_us)
{
	uint32_t expected = leg->expected;
	uint32_t heard = leg->heard;
	unsigned int i;

	*stats = leg->stats;
	for (i = 0; i < BM_SOURCES && leg->sources[i].heard; i++) {
		expected += bm_source_expected(&leg->sources[i]);
		heard += leg->sources[i].heard;
	}
	stats->lost = (int32_t)(expected - heard);
	stats->jitter_us = (uint32_t)((uint64_t)leg->sources[0].jitter *
				      62500 / leg->clock_rate);
	stats->ssrc = leg->sources[0].ssrc;
	stats->idle_ms = UINT32_MAX;
	if (stats->received_packets)
		stats->idle_ms = (uint32_t)((now_us - leg->heard_us) / 1000);
	for (i = BM_RTP; i <= BM_RTCP; i++) {
		stats->latched[i] = leg->latch[i] >= BM_DRAINING;
		stats->remote[i] = *bm_leg_peer(leg, i);
	}
}
