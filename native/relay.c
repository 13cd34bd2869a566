/* One relay, see relay.h. A packet's way is bm_relay_pass(), downwards. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"

enum content { INVALID, RTP, RTCP, OTHER };

int bm_relay_new(struct bm_relay **relay, const struct bm_side side[2],
		 uint32_t dscp, struct bm_ports *ports)
{
	struct bm_relay *new = calloc(1, sizeof(*new));
	int error;

	*relay = NULL;
	if (!new)
		return -ENOMEM;
	error = bm_leg_open(&new->leg[BM_A], &side[BM_A], dscp, ports->port);
	if (error)
		goto out;
	error = bm_leg_open(&new->leg[BM_B], &side[BM_B], dscp,
			    ports->port + 2);
	if (error)
		goto out_a;
	*relay = new;
	return 0;
out_a:
	bm_leg_close(&new->leg[BM_A]);
out:
	free(new);
	return error;
}

void bm_relay_free(struct bm_relay *relay)
{
	bm_leg_close(&relay->leg[BM_A]);
	bm_leg_close(&relay->leg[BM_B]);
	free(relay);
}

static void report(struct bm_relay *relay, unsigned int side,
		   unsigned int component, uint16_t kind)
{
	const struct bm_leg *leg = &relay->leg[side];
	struct bm_event event = {
		.relay = relay->id,
		.kind = kind,
		.side = (uint8_t)side,
		.component = (uint8_t)component,
		.remote = *bm_leg_peer(leg, component),
	};

	bm_events_put(relay->events, &event);
}

static int is_family(const struct bm_leg *leg,
		     const struct bm_address *address)
{
	return address->family == 0 || address->family == leg->family;
}

static int check_addresses(const struct bm_leg *leg,
			   const struct bm_update *update)
{
	if (!is_family(leg, &update->remote[BM_RTP]) ||
	    !is_family(leg, &update->remote[BM_RTCP]) ||
	    !is_family(leg, &update->allow))
		return -EAFNOSUPPORT;
	if (update->allow.prefix > (leg->family == 4 ? 32 : 128))
		return -EINVAL;
	return 0;
}

static int check_suite(uint16_t suite, uint32_t suites)
{
	if (suite == 0 || suite > BM_LAST_SUITE)
		return -EINVAL;
	return suites >> suite & 1 ? 0 : -ENOTSUP;
}

int bm_relay_check(const struct bm_relay *relay, uint32_t side,
		   const struct bm_update *update, uint32_t suites)
{
	uint32_t set = update->set;
	int error = 0;

	if (side > BM_B ||
	    (set & BM_SET_KIND && update->kind > BM_UNTOUCHED) ||
	    (set & BM_SET_DIRECTION &&
	     update->direction > (BM_RECEIVE | BM_SEND)) ||
	    (set & BM_SET_CLOCK && (update->clock_rate < 1000 ||
				    update->clock_rate > 1000000)))
		return -EINVAL;
	if (set & BM_SET_LOCAL &&
	    update->local.family != relay->leg[side].family)
		return -EAFNOSUPPORT;
	if (set & BM_SET_REMOTE)
		error = check_addresses(&relay->leg[side], update);
	if (!error && set & BM_SET_RECEIVE_KEY)
		error = check_suite(update->receive.suite, suites);
	if (!error && set & BM_SET_SEND_KEY)
		error = check_suite(update->send.suite, suites);
	return error;
}

static struct bm_kept_stream *kept_of(const struct bm_relay *relay,
				      uint32_t side, enum bm_flow flow)
{
	return relay->kept ? relay->kept->stream[side][flow] : NULL;
}

/* Contexts that do not exist yet are made first: only that can be undone. */
static int apply_keys(struct bm_relay *relay, uint32_t side,
		      const struct bm_update *update)
{
	struct bm_leg *leg = &relay->leg[side];
	int receive = (update->set & BM_SET_RECEIVE_KEY) != 0;
	int send = (update->set & BM_SET_SEND_KEY) != 0;
	int late = (update->set & BM_LATE) != 0;
	struct bm_context *new = NULL;
	int error = 0;

	if (receive && !leg->receive)
		error = bm_context_open(&new, &update->receive, BM_INBOUND,
					kept_of(relay, side, BM_INBOUND));
	if (!error && send && !leg->send)
		error = bm_context_open(&leg->send, &update->send,
					BM_OUTBOUND,
					kept_of(relay, side, BM_OUTBOUND));
	if (error) {
		bm_context_close(new);
		return error;
	}
	if (new)
		leg->receive = new;
	if (receive)
		error = bm_context_rekey(leg->receive, &update->receive);
	if (!error && send && late)
		error = bm_context_rekey_late(leg->send, &update->send);
	else if (!error && send)
		error = bm_context_rekey(leg->send, &update->send);
	return error;
}

int bm_relay_apply(struct bm_relay *relay, uint32_t side,
		   const struct bm_update *update, uint64_t now_us)
{
	struct bm_leg *leg = &relay->leg[side];
	int again = (update->set & BM_RELATCH) != 0;
	int error = apply_keys(relay, side, update);

	if (error)
		return error;
	if (update->set & BM_SET_KIND)
		leg->kind = (uint8_t)update->kind;
	if (update->set & BM_SET_MUX)
		leg->mux = update->mux != 0;
	if (update->set & BM_SET_CLOCK)
		leg->clock_rate = update->clock_rate;
	if (update->set & BM_SET_NAME) {
		memcpy(leg->name, update->name, sizeof(leg->name));
		leg->is_named = 1;
	}
	if (update->set & BM_SET_DIRECTION)
		leg->direction = (uint8_t)update->direction;
	if (update->set & BM_SET_REMOTE)
		bm_leg_direct(leg, update->remote, &update->allow, again);
	else if (again)
		bm_leg_direct(leg, leg->remote, &leg->allow, again);
	if (update->set & (BM_SET_DIRECTION | BM_SET_REMOTE | BM_RELATCH))
		leg->waiting_us = now_us;
	return 0;
}

/* What a datagram is, by its first bytes and the port it came to. */
static enum content classify(const struct bm_leg *leg,
			     const struct bm_leg *other,
			     unsigned int component,
			     const struct bm_packet *packet)
{
	if (leg->kind == BM_UNTOUCHED || other->kind == BM_UNTOUCHED)
		return leg->kind == other->kind ? OTHER : INVALID;
	if (bm_is_rtcp_type(packet->data, packet->length)) {
		if (component == BM_RTP && !leg->mux)
			return INVALID;
		return bm_rtcp_is_plausible(packet->data, packet->length) ?
			       RTCP :
			       INVALID;
	}
	return component == BM_RTP &&
			       bm_rtp_is_valid(packet->data, packet->length) ?
		       RTP :
		       INVALID;
}

/* Who sends with the last key has that of the other way too. RTCP with the
 * key before is never accepted. */
static void turn(struct bm_leg *leg, enum content content)
{
	if (leg->send &&
	    (content == RTCP || bm_context_is_heard(leg->receive)))
		bm_context_turn(leg->send);
}

static int unprotect(struct bm_leg *leg, enum content content,
		     struct bm_packet *packet)
{
	int error;

	if (content == OTHER || leg->kind == BM_CLEAR)
		return 0;
	if (!leg->receive)
		return -ENOKEY;
	if (content == RTP)
		error = bm_unprotect(leg->receive, packet->data,
				     &packet->length);
	else
		error = bm_unprotect_rtcp(leg->receive, packet->data,
					  &packet->length);
	if (!error)
		turn(leg, content);
	return error;
}

static int protect(struct bm_leg *leg, enum content content,
		   struct bm_packet *packet)
{
	if (content == OTHER || leg->kind == BM_CLEAR)
		return 0;
	if (!leg->send)
		return -ENOKEY;
	if (content == RTP)
		return bm_protect(leg->send, packet->data, &packet->length,
				  sizeof(packet->data));
	return bm_protect_rtcp(leg->send, packet->data, &packet->length,
			       sizeof(packet->data));
}

static void count_refusal(struct bm_side_stats *stats, int error)
{
	if (error == -EALREADY)
		stats->replayed++;
	else if (error == -ENOSPC)
		stats->sources_refused++;
	else if (error == -ENOKEY)
		stats->held++;
	else
		stats->auth_failed++;
}

static void hear(struct bm_leg *leg, enum content content,
		 const struct bm_packet *packet, uint64_t now_us)
{
	leg->stats.received_packets++;
	leg->stats.received_bytes += packet->length;
	leg->heard_us = now_us;
	if (content == RTCP)
		leg->stats.rtcp_packets++;
	else if (content == RTP)
		bm_leg_hear(leg, packet->data, now_us);
}

/* Hold stops RTP only: RTCP goes on (RFC 3264 section 5.1), and what is
 * inside an untouched packet is not ours to know. */
static int is_held(const struct bm_leg *leg, const struct bm_leg *other,
		   enum content content)
{
	return content == RTP && !(leg->direction & BM_RECEIVE &&
				   other->direction & BM_SEND);
}

/* RTP, RTCP or OTHER in the clear; everything else is counted and INVALID. */
static enum content examine(struct bm_leg *leg, const struct bm_leg *other,
			    unsigned int component, struct bm_packet *packet)
{
	enum content content;
	int error;

	if (leg->latch[component] != BM_FIXED &&
	    !bm_leg_admits(leg, component, &packet->from)) {
		leg->stats.strangers++;
		return INVALID;
	}
	if (packet->length > BM_PACKET_LENGTH) {
		leg->stats.oversize++;
		return INVALID;
	}
	content = classify(leg, other, component, packet);
	if (content == INVALID) {
		leg->stats.invalid++;
		return INVALID;
	}
	error = unprotect(leg, content, packet);
	if (error) {
		count_refusal(&leg->stats, error);
		return INVALID;
	}
	if (content == RTCP &&
	    !bm_rtcp_is_valid(packet->data, packet->length)) {
		leg->stats.invalid++;
		return INVALID;
	}
	return content;
}

/* Find out where a packet goes, and make it ready to go there. */
static void take(struct bm_packet *packet, uint64_t now_us)
{
	unsigned int side = packet->port / 2, component = packet->port % 2;
	struct bm_relay *relay = packet->relay;
	struct bm_leg *leg = &relay->leg[side];
	struct bm_leg *other = &relay->leg[!side];
	enum content content = examine(leg, other, component, packet);

	packet->out = NULL;
	if (content == INVALID)
		return;
	if (leg->latch[component] == BM_OPEN &&
	    bm_leg_latch(leg, component, &packet->from) == 0)
		report(relay, side, component, BM_LATCHED);
	hear(leg, content, packet, now_us);
	if (is_held(leg, other, content)) {
		leg->stats.held++;
		return;
	}
	if (content == RTCP && other->is_named)
		bm_rtcp_rename(packet->data, packet->length, other->name);
	if (protect(other, content, packet)) {
		other->stats.unsent++;
		return;
	}
	packet->out = other;
	packet->component = component;
	if (content == RTCP)
		packet->component = other->mux ? BM_RTP : BM_RTCP;
}

static void emit(struct bm_packet *packet)
{
	struct bm_leg *out = packet->out;

	if (bm_leg_send(out, packet->component, packet->data,
			packet->length)) {
		out->stats.unsent++;
		return;
	}
	out->stats.sent_packets++;
	out->stats.sent_bytes += packet->length;
}

void bm_relay_pass(struct bm_packet *packets, unsigned int count,
		   uint64_t now_us)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		take(&packets[i], now_us);
	for (i = 0; i < count; i++)
		if (packets[i].out)
			emit(&packets[i]);
}

static void look_at_keys(struct bm_relay *relay, unsigned int side)
{
	struct bm_leg *leg = &relay->leg[side];
	int heard = leg->stats.received_packets != leg->seen_packets;
	int failed = leg->stats.auth_failed != leg->seen_failed;

	leg->seen_packets = leg->stats.received_packets;
	leg->seen_failed = leg->stats.auth_failed;
	if (heard)
		leg->auth_failing = 0;
	else if (failed && !leg->auth_failing) {
		leg->auth_failing = 1;
		report(relay, side, BM_RTP, BM_AUTH_FAILING);
	}
}

static void look_at_silence(struct bm_relay *relay, unsigned int side,
			    uint64_t missing, uint32_t silent_ms)
{
	struct bm_leg *leg = &relay->leg[side];
	int silent = silent_ms && missing >= silent_ms;

	if (silent != leg->silent)
		report(relay, side, BM_RTP, silent ? BM_SILENT : BM_HEARD);
	if (silent && !leg->silent)
		bm_leg_reopen(leg);
	leg->silent = (uint8_t)silent;
}

static void die(struct bm_relay *relay, unsigned int side)
{
	report(relay, side, BM_RTP, BM_DEAD);
	relay->dead = 1;
	bm_leg_close(&relay->leg[BM_A]);
	bm_leg_close(&relay->leg[BM_B]);
}

/* How long packets have been missing, in ms. A side that has nothing to send
 * is not waited for. */
static uint64_t missing_ms(struct bm_leg *leg, uint64_t now_us)
{
	if (leg->latch[BM_RTP] == BM_DEAF || !(leg->direction & BM_RECEIVE))
		leg->waiting_us = now_us;
	if (leg->heard_us > leg->waiting_us)
		return (now_us - leg->heard_us) / 1000;
	return (now_us - leg->waiting_us) / 1000;
}

void bm_relay_look(struct bm_relay *relay, const struct bm_config *config,
		   uint64_t now_us)
{
	unsigned int side;

	for (side = BM_A; side <= BM_B && !relay->dead; side++) {
		uint64_t missing = missing_ms(&relay->leg[side], now_us);

		look_at_keys(relay, side);
		look_at_silence(relay, side, missing, config->silent_ms);
		if (config->dead_ms && missing >= config->dead_ms)
			die(relay, side);
	}
}
