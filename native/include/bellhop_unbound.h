/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What bellhop uses of libunbound.so.8 (its own header: unbound.h), and of libc.
 * Only binding.py reads this.
 */

struct ub_ctx;

struct ub_result {
	char *qname;
	int qtype, qclass;
	char **data;
	int *len;
	char *canonname;
	int rcode;
	void *answer_packet;
	int answer_len;
	int havedata, nxdomain, secure, bogus;
	char *why_bogus;
	int was_ratelimited;
	int ttl;
};

typedef void (*ub_callback_type)(void *, int, struct ub_result *);

struct ub_ctx *ub_ctx_create(void);
void ub_ctx_delete(struct ub_ctx *);
int ub_ctx_set_option(struct ub_ctx *, const char *, const char *);
int ub_ctx_add_ta(struct ub_ctx *, const char *);
int ub_ctx_add_ta_file(struct ub_ctx *, const char *);
int ub_ctx_async(struct ub_ctx *, int);
int ub_ctx_zone_remove(struct ub_ctx *, const char *);
int ub_fd(struct ub_ctx *);
int ub_process(struct ub_ctx *);
int ub_resolve_async(struct ub_ctx *, const char *, int, int, void *,
		     ub_callback_type, int *);
int ub_cancel(struct ub_ctx *, int);
void ub_resolve_free(struct ub_result *);
const char *ub_strerror(int);

/* The size of the stack that the next threads get: musl's own is too small. */
int pthread_getattr_default_np(void *);
int pthread_setattr_default_np(const void *);
int pthread_attr_getstacksize(const void *, size_t *);
int pthread_attr_setstacksize(void *, size_t);

/* 5: the clock was not set from outside. */
int adjtimex(void *);
