/* Cryptographic contexts over libsrtp 2.x and 3.x, see srtp.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifdef BM_SRTP3
#include <srtp3/srtp.h>
#else
#include <srtp2/srtp.h>
#endif

#include "rtp.h"
#include "srtp.h"

enum {
	KEY_LENGTH = 32,  /* the longest master key */
	SALT_LENGTH = 14, /* the longest master salt */
	/* Packets for which the superseded receive key is still tried. */
	GRACE_PACKETS = 500,
	/* Packets that are sent with the superseded key at most, where the
	 * peer may not have the next one: well below its GRACE_PACKETS. */
	LATE_PACKETS = 200,
	/* Packets of unknown sources that are tried a second time, after a
	 * rollover that nobody here has seen. */
	LATE_TRIES = 64,
	/* More than libsrtp and its cipher library allocate in one call. */
	RESERVE_BYTES = 16384,
	/* Indices of SRTCP that are passed over one by one: of more than a day
	 * with a packet each second. */
	MOST_PASSED = 100000,
	RTCP_HEADER = 8,
	INDEX_BYTES = 4
};

struct suite {
	uint8_t key;
	uint8_t salt;
	uint8_t tag;
	uint8_t behind; /* octets of SRTCP behind its index */
	void (*rtp)(srtp_crypto_policy_t *policy);
	void (*rtcp)(srtp_crypto_policy_t *policy);
};

/* RFC 4568 section 6.2.2: the short tag is for RTP only. */
static const struct suite suites[] = {
	[BM_AES_CM_128_HMAC_SHA1_80 - 1] = {
		16, 14, 10, 10,
		srtp_crypto_policy_set_rtp_default,
		srtp_crypto_policy_set_rtcp_default,
	},
	[BM_AES_CM_128_HMAC_SHA1_32 - 1] = {
		16, 14, 4, 10,
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
		srtp_crypto_policy_set_rtcp_default,
	},
	[BM_AEAD_AES_128_GCM - 1] = {
		16, 12, 16, 0,
		srtp_crypto_policy_set_aes_gcm_128_16_auth,
		srtp_crypto_policy_set_aes_gcm_128_16_auth,
	},
	[BM_AEAD_AES_256_GCM - 1] = {
		32, 12, 16, 0,
		srtp_crypto_policy_set_aes_gcm_256_16_auth,
		srtp_crypto_policy_set_aes_gcm_256_16_auth,
	},
	[BM_AES_256_CM_HMAC_SHA1_80 - 1] = {
		32, 14, 10, 10,
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	},
	[BM_AES_256_CM_HMAC_SHA1_32 - 1] = {
		32, 14, 4, 10,
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	},
	/* RFC 3711 section 4.1.3: signed, and readable. */
	[BM_NULL_HMAC_SHA1_80 - 1] = {
		16, 14, 10, 10,
		srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
		srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
	},
};
enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

/* The part of a stream that goes with the process. */
struct stream {
	struct bm_kept_stream *kept;
	uint64_t lowest;  /* lowest index that is still acceptable */
	uint32_t passed;  /* index of SRTCP up to which none is taken */
	uint16_t suspect; /* sequence that would prove a restart */
	uint8_t own;      /* has keys of its own, not the session's template */
	uint8_t resumed;  /* libsrtp does not know how far it went */
};

struct bm_context {
	srtp_t session;
	srtp_t before;    /* the superseded key, RTP received only */
	uint16_t grace;   /* packets for which `before` is still tried */
	uint16_t waits;   /* packets until `next` takes effect, 0: none */
	uint8_t late_tries;
	uint8_t count;
	uint8_t broken;
	uint8_t tag;
	uint8_t behind;
	enum bm_flow flow;
	struct stream streams[BM_CONTEXT_STREAMS];
	struct bm_kept_stream spare[BM_CONTEXT_STREAMS];
	struct bm_key key;
	struct bm_key next;
};

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users;

static int error_of(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return 0;
	case srtp_err_status_alloc_fail:
		return -ENOMEM;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return -EALREADY;
	case srtp_err_status_key_expired:
		return -EKEYEXPIRED;
	default: /* whatever it is, the packet cannot be trusted */
		return -EBADMSG;
	}
}

/* What differs between the two libraries: names, the byte order of an SSRC,
 * and output buffers. */
#ifdef BM_SRTP3

#define srtp_add_stream srtp_stream_add
#define srtp_set_stream_roc srtp_stream_set_roc
#define remove_stream srtp_stream_remove

typedef srtp_err_status_t operation(srtp_t session, const uint8_t *in,
				    size_t length, uint8_t *out, size_t *room);

static srtp_err_status_t protect_rtp(srtp_t session, const uint8_t *in,
				     size_t length, uint8_t *out, size_t *room)
{
	return srtp_protect(session, in, length, out, room, 0);
}

static srtp_err_status_t protect_rtcp(srtp_t session, const uint8_t *in,
				      size_t length, uint8_t *out,
				      size_t *room)
{
	return srtp_protect_rtcp(session, in, length, out, room, 0);
}

static int process(srtp_t session, operation *run, uint8_t *packet,
		   size_t *length, size_t room)
{
	int error = error_of(run(session, packet, *length, packet, &room));

	if (!error)
		*length = room;
	return error;
}

#else

#define protect_rtp srtp_protect
#define protect_rtcp srtp_protect_rtcp

typedef srtp_err_status_t operation(srtp_t session, void *packet, int *length);

/* Version 2 looks the number up as it stands in the packet. */
static srtp_err_status_t remove_stream(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, htonl(ssrc));
}

static int process(srtp_t session, operation *run, uint8_t *packet,
		   size_t *length, size_t room)
{
	int size = (int)*length;
	int error = error_of(run(session, packet, &size));

	(void)room;
	if (!error)
		*length = (size_t)size;
	return error;
}

#endif

int bm_srtp_start(void)
{
	srtp_err_status_t status = srtp_err_status_ok;

	pthread_mutex_lock(&users_lock);
	if (users == 0)
		status = srtp_init();
	if (status == srtp_err_status_ok)
		users++;
	pthread_mutex_unlock(&users_lock);
	return status == srtp_err_status_ok ? 0 : -ENOTSUP;
}

void bm_srtp_stop(void)
{
	pthread_mutex_lock(&users_lock);
	if (--users == 0)
		srtp_shutdown();
	pthread_mutex_unlock(&users_lock);
}

/* Suites are numbered from 1 in the order of the table. */
static const struct suite *find_suite(uint16_t number)
{
	return number > 0 && number <= SUITES ? &suites[number - 1] : NULL;
}

/* A policy and the room for the key it points to; wipe it after use. */
struct keyed_policy {
	srtp_policy_t policy;
	uint8_t secret[KEY_LENGTH + SALT_LENGTH];
};

static void fill(struct keyed_policy *keyed, const struct bm_key *key,
		 srtp_ssrc_type_t type, uint32_t ssrc)
{
	const struct suite *suite = find_suite(key->suite);

	memset(keyed, 0, sizeof(*keyed));
	suite->rtp(&keyed->policy.rtp);
	suite->rtcp(&keyed->policy.rtcp);
	memcpy(keyed->secret, key->key, suite->key);
	memcpy(keyed->secret + suite->key, key->salt, suite->salt);
	keyed->policy.key = keyed->secret;
	keyed->policy.ssrc.type = type;
	keyed->policy.ssrc.value = ssrc;
	keyed->policy.window_size = BM_REPLAY_WINDOW;
}

static srtp_ssrc_type_t any_ssrc(enum bm_flow flow)
{
	return flow == BM_INBOUND ? ssrc_any_inbound : ssrc_any_outbound;
}

/*
 * libsrtp 2.x follows null pointers after some failed allocations, so it is
 * only asked for what allocates while there is memory.
 */
static int has_memory(void)
{
	void *volatile room = malloc(RESERVE_BYTES);
	int found = room != NULL;

	free(room);
	return found;
}

static int open_session(srtp_t *session, const struct bm_key *key,
			enum bm_flow flow)
{
	struct keyed_policy keyed;
	srtp_err_status_t status;

	*session = NULL;
	if (!has_memory())
		return -ENOMEM;
	fill(&keyed, key, any_ssrc(flow), 0);
	status = srtp_create(session, &keyed.policy);
	explicit_bzero(&keyed, sizeof(keyed));
	if (status != srtp_err_status_ok)
		*session = NULL;
	return error_of(status);
}

static void close_session(srtp_t *session)
{
	if (*session)
		srtp_dealloc(*session);
	*session = NULL;
}

static int add_stream(srtp_t session, const struct bm_key *key, uint32_t ssrc)
{
	struct keyed_policy keyed;
	srtp_err_status_t status;

	if (!has_memory())
		return -ENOMEM;
	fill(&keyed, key, ssrc_specific, ssrc);
	status = srtp_add_stream(session, &keyed.policy);
	explicit_bzero(&keyed, sizeof(keyed));
	return error_of(status);
}

uint32_t bm_srtp_suites(void)
{
	uint32_t works = 0;
	size_t i;

	for (i = 0; i < SUITES; i++) {
		struct bm_key key = { .suite = (uint16_t)(i + 1) };
		srtp_t session;

		if (open_session(&session, &key, BM_INBOUND))
			continue;
		works |= (uint32_t)2 << i;
		close_session(&session);
	}
	return works;
}

/* libsrtp counts SRTCP by itself and can be told no number: it counts on over
 * packets that nobody gets. */
static int pass_over(struct bm_context *context, uint32_t ssrc, uint32_t count)
{
	/* A receiver report; its header is neither encrypted nor changed. */
	uint8_t packet[RTCP_HEADER + BM_TRAILER]
		__attribute__((aligned(8))) = { 0x80, 201, 0, 1,
						(uint8_t)(ssrc >> 24),
						(uint8_t)(ssrc >> 16),
						(uint8_t)(ssrc >> 8),
						(uint8_t)ssrc };
	int error = count > MOST_PASSED ? -EKEYEXPIRED : 0;

	while (count-- > 0 && !error) {
		size_t length = RTCP_HEADER;

		error = process(context->session, protect_rtcp, packet,
				&length, sizeof(packet));
	}
	return error;
}

/* Go on where an earlier process ended: no index is sent or taken again. */
static int resume(struct bm_context *context)
{
	int error = 0;
	uint8_t i;

	for (i = 0; i < BM_CONTEXT_STREAMS && !error; i++) {
		struct stream *stream = &context->streams[i];

		if (!stream->kept->used)
			break;
		error = add_stream(context->session, &context->key,
				   stream->kept->ssrc);
		if (!error && context->flow == BM_OUTBOUND)
			error = pass_over(context, stream->kept->ssrc,
					  stream->kept->rtcp);
		stream->own = 1;
		stream->passed = stream->kept->rtcp;
		stream->resumed = stream->kept->started;
		if (stream->kept->started)
			stream->lowest = stream->kept->index + 1;
		context->count++;
	}
	return error;
}

int bm_context_open(struct bm_context **context, const struct bm_key *key,
		    enum bm_flow flow, struct bm_kept_stream *kept)
{
	const struct suite *suite = find_suite(key->suite);
	struct bm_context *new;
	uint8_t i;
	int error;

	*context = NULL;
	if (!suite)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	error = open_session(&new->session, key, flow);
	if (error) {
		free(new);
		return error == -ENOMEM ? error : -ENOTSUP;
	}
	new->flow = flow;
	new->key = *key;
	new->tag = suite->tag;
	new->behind = suite->behind;
	new->late_tries = LATE_TRIES;
	for (i = 0; i < BM_CONTEXT_STREAMS; i++)
		new->streams[i].kept = kept ? &kept[i] : &new->spare[i];
	error = resume(new);
	if (error)
		bm_context_close(new);
	else
		*context = new;
	return error;
}

void bm_context_close(struct bm_context *context)
{
	if (!context)
		return;
	close_session(&context->session);
	close_session(&context->before);
	explicit_bzero(context, sizeof(*context));
	free(context);
}

/*
 * A session with the present key beside the one that is about to change. It
 * starts with empty replay windows, and is safe because it is only asked
 * about indices above all that were seen. Packets in flight are lost if
 * there is no memory for it.
 */
static void keep_before(struct bm_context *context)
{
	uint8_t i;

	close_session(&context->before);
	if (open_session(&context->before, &context->key, BM_INBOUND))
		return;
	for (i = 0; i < context->count; i++)
		if (context->streams[i].kept->started)
			add_stream(context->before, &context->key,
				   context->streams[i].kept->ssrc);
	context->grace = GRACE_PACKETS;
}

static srtp_err_status_t update(struct bm_context *context,
				const struct bm_key *key)
{
	struct keyed_policy keyed;
	srtp_err_status_t status;
	uint8_t i;

	fill(&keyed, key, any_ssrc(context->flow), 0);
	status = srtp_update(context->session, &keyed.policy);
	keyed.policy.ssrc.type = ssrc_specific;
	for (i = 0; i < context->count && status == srtp_err_status_ok; i++) {
		keyed.policy.ssrc.value = context->streams[i].kept->ssrc;
		if (context->streams[i].own)
			status = srtp_update(context->session, &keyed.policy);
	}
	explicit_bzero(&keyed, sizeof(keyed));
	return status;
}

/*
 * libsrtp keeps the highest index and all of SRTCP's state through an
 * update, but not the replay window of RTP: from here on, only indices above
 * the highest are acceptable, in case an earlier key returns.
 */
int bm_context_rekey(struct bm_context *context, const struct bm_key *key)
{
	const struct suite *suite = find_suite(key->suite);
	uint8_t i;

	if (!suite)
		return -EINVAL;
	if (context->broken)
		return -ENOTRECOVERABLE;
	context->waits = 0;
	if (memcmp(&context->key, key, sizeof(*key)) == 0)
		return 0;
	if (!has_memory())
		return -ENOMEM;
	if (context->flow == BM_INBOUND)
		keep_before(context);
	if (update(context, key) != srtp_err_status_ok) {
		context->broken = 1;
		close_session(&context->session);
		close_session(&context->before);
		return -ENOTRECOVERABLE;
	}
	for (i = 0; i < context->count; i++)
		if (context->streams[i].kept->started)
			context->streams[i].lowest =
				context->streams[i].kept->index + 1;
	context->key = *key;
	context->tag = suite->tag;
	context->behind = suite->behind;
	context->late_tries = LATE_TRIES;
	return 0;
}

int bm_context_rekey_late(struct bm_context *context,
			  const struct bm_key *key)
{
	if (!find_suite(key->suite))
		return -EINVAL;
	if (context->broken)
		return -ENOTRECOVERABLE;
	bm_context_turn(context); /* who asks again has that one */
	if (memcmp(&context->key, key, sizeof(*key)) == 0)
		return 0;
	context->next = *key;
	context->waits = LATE_PACKETS;
	return 0;
}

void bm_context_turn(struct bm_context *context)
{
	if (context->waits &&
	    bm_context_rekey(context, &context->next) == -ENOMEM)
		context->waits = 1; /* with the next packet, then */
}

int bm_context_is_heard(const struct bm_context *context)
{
	return !context->before;
}

static struct stream *find_stream(struct bm_context *context, uint32_t ssrc)
{
	uint8_t i;

	for (i = 0; i < context->count; i++)
		if (context->streams[i].kept->ssrc == ssrc)
			return &context->streams[i];
	return NULL;
}

/* A new SSRC costs a place here and memory in libsrtp. */
static int is_welcome(const struct bm_context *context,
		      const struct stream *stream)
{
	return stream ||
	       (context->count < BM_CONTEXT_STREAMS && has_memory());
}

/* The place of a welcome SSRC. */
static struct stream *remember(struct bm_context *context, uint32_t ssrc)
{
	struct stream *stream = find_stream(context, ssrc);

	if (stream)
		return stream;
	stream = &context->streams[context->count++];
	stream->kept->ssrc = ssrc;
	stream->kept->used = 1;
	return stream;
}

/* Before the packet leaves, so that it is known whenever the process ends. */
static void record(struct stream *stream, uint64_t index)
{
	if (!stream->kept->started || index > stream->kept->index)
		stream->kept->index = index;
	stream->kept->started = 1;
	stream->resumed = 0;
}

/* The rollover counter of a resumed stream's first packet: its sequence may
 * have passed 65535 since. */
static void tell_rollover(struct bm_context *context,
			  const struct stream *stream, uint64_t index)
{
	if (stream && stream->resumed)
		srtp_set_stream_roc(context->session, stream->kept->ssrc,
				    (uint32_t)(index >> 16));
}

/* The index of an SRTCP packet, 0 where it is too short for one. */
static uint32_t rtcp_index(const struct bm_context *context,
			   const uint8_t *packet, size_t length)
{
	size_t behind = context->behind + INDEX_BYTES;

	if (length < RTCP_HEADER + behind)
		return 0;
	return bm_read32(packet + length - behind) & 0x7fffffff;
}

static void record_rtcp(struct stream *stream, uint32_t index)
{
	if (index > stream->kept->rtcp)
		stream->kept->rtcp = index;
}

/*
 * A source that restarts its sequence under the same SSRC would have to use
 * indices again. After two packets in a row its sequence is shifted to go on
 * above the highest (the same proof as in RFC 3550 A.1).
 */
static int shift_restarted(struct stream *stream, uint16_t sequence)
{
	if (sequence != stream->suspect) {
		stream->suspect = (uint16_t)(sequence + 1);
		return -EALREADY;
	}
	stream->kept->shift = (uint16_t)(stream->kept->index + 1 - sequence);
	return 0;
}

int bm_protect(struct bm_context *context, uint8_t *packet, size_t *length,
	       size_t capacity)
{
	uint16_t sequence = bm_rtp_sequence(packet);
	struct stream *stream;
	uint64_t index;
	int error;

	if (context->waits && --context->waits == 0) {
		context->waits = 1;
		bm_context_turn(context);
	}
	if (context->broken)
		return -ENOTRECOVERABLE;
	stream = find_stream(context, bm_rtp_ssrc(packet));
	if (!is_welcome(context, stream) || capacity < *length + BM_TRAILER)
		return -ENOSPC;
	stream = remember(context, bm_rtp_ssrc(packet));
	index = bm_rtp_index(stream->kept->index, sequence + stream->kept->shift);
	if (stream->kept->started && index + BM_REPLAY_WINDOW <= stream->kept->index) {
		if (shift_restarted(stream, sequence))
			return -EALREADY;
		index = stream->kept->index + 1;
	}
	if (index < stream->lowest)
		return -EALREADY;
	packet[2] = (uint8_t)(index >> 8);
	packet[3] = (uint8_t)index;
	tell_rollover(context, stream, index);
	error = process(context->session, protect_rtp, packet, length,
			capacity);
	if (!error)
		record(stream, index);
	return error;
}

int bm_protect_rtcp(struct bm_context *context, uint8_t *packet,
		    size_t *length, size_t capacity)
{
	uint32_t ssrc = bm_rtcp_ssrc(packet);
	struct stream *stream;
	int error;

	if (context->broken)
		return -ENOTRECOVERABLE;
	if (!is_welcome(context, find_stream(context, ssrc)) ||
	    capacity < *length + BM_TRAILER)
		return -ENOSPC;
	stream = remember(context, ssrc);
	error = process(context->session, protect_rtcp, packet, length,
			capacity);
	if (!error)
		record_rtcp(stream, rtcp_index(context, packet, *length));
	return error;
}

static int unprotect(srtp_t session, uint8_t *packet, size_t *length)
{
	return process(session, srtp_unprotect, packet, length, *length);
}

/* The packet may be one that was under way when the key changed. */
static int unprotect_before(struct bm_context *context, uint64_t index,
			    uint8_t *packet, size_t *length)
{
	int error;

	srtp_set_stream_roc(context->before, bm_rtp_ssrc(packet),
			    (uint32_t)(index >> 16));
	error = unprotect(context->before, packet, length);
	if (--context->grace == 0)
		close_session(&context->before);
	return error;
}

/*
 * The source may have passed sequence 65535 before anybody listened here:
 * try a rollover counter of one. RFC 3711 section 3.3.1 leaves such a
 * receiver deaf for ever.
 */
static int unprotect_late(struct bm_context *context, uint8_t *packet,
			  size_t *length)
{
	uint32_t ssrc = bm_rtp_ssrc(packet);
	struct stream *stream = find_stream(context, ssrc);
	int error = 0;

	context->late_tries--;
	if (!stream)
		error = add_stream(context->session, &context->key, ssrc);
	if (error)
		return error;
	srtp_set_stream_roc(context->session, ssrc, 1);
	error = unprotect(context->session, packet, length);
	if (error && stream)
		srtp_set_stream_roc(context->session, ssrc, 0);
	else if (error)
		remove_stream(context->session, ssrc);
	else if (!stream)
		remember(context, ssrc)->own = 1;
	return error;
}

/* Try whatever may make the packet good. A failed attempt may leave it half
 * decrypted, so keep a copy. */
static int unprotect_doubtful(struct bm_context *context, int late,
			      uint64_t *index, uint8_t *packet,
			      size_t *length)
{
	uint8_t copy[BM_PACKET_LENGTH + BM_TRAILER];
	int error;

	if (*length > sizeof(copy))
		return -EBADMSG;
	memcpy(copy, packet, *length);
	error = unprotect(context->session, packet, length);
	if (!error)
		close_session(&context->before);
	if (error == -EBADMSG && context->before) {
		memcpy(packet, copy, *length);
		error = unprotect_before(context, *index, packet, length);
	}
	if (error == -EBADMSG && late) {
		memcpy(packet, copy, *length);
		*index |= 0x10000;
		error = unprotect_late(context, packet, length);
	}
	return error;
}

int bm_unprotect(struct bm_context *context, uint8_t *packet, size_t *length)
{
	uint32_t ssrc = bm_rtp_ssrc(packet);
	uint16_t sequence = bm_rtp_sequence(packet);
	struct stream *stream = find_stream(context, ssrc);
	uint64_t index = bm_rtp_index(stream ? stream->kept->index : 0, sequence);
	int late = !(stream && stream->kept->started) && sequence < 0x8000 &&
		   context->late_tries > 0;
	int error;

	if (context->broken)
		return -ENOTRECOVERABLE;
	if (stream && index < stream->lowest)
		return -EALREADY;
	if (!is_welcome(context, stream))
		return -ENOSPC;
	if (*length < (size_t)BM_RTP_HEADER + context->tag)
		return -EBADMSG;
	tell_rollover(context, stream, index);
	if (context->before || late)
		error = unprotect_doubtful(context, late, &index, packet,
					   length);
	else
		error = unprotect(context->session, packet, length);
	if (!error)
		record(remember(context, ssrc), index);
	return error;
}

int bm_unprotect_rtcp(struct bm_context *context, uint8_t *packet,
		      size_t *length)
{
	uint32_t ssrc = bm_rtcp_ssrc(packet);
	uint32_t index = rtcp_index(context, packet, *length);
	const struct stream *stream = find_stream(context, ssrc);
	int error;

	if (context->broken)
		return -ENOTRECOVERABLE;
	if (stream && index <= stream->passed)
		return -EALREADY;
	if (!is_welcome(context, stream))
		return -ENOSPC;
	error = process(context->session, srtp_unprotect_rtcp, packet, length,
			*length);
	if (!error)
		record_rtcp(remember(context, ssrc), index);
	return error;
}
