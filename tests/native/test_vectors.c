/*
 * Known answers. Each line of the file: suite, master key, master salt, `rtp`
 * or `rtcp`, packet, protected packet; the packets of one key are in the order
 * in which they are sent.
 */
#include <stdlib.h>

#include "check.h"
#include "packets.h"
#include "srtp.h"

enum { LONGEST = 1024 };

struct packet {
	uint8_t data[LONGEST] __attribute__((aligned(8)));
	size_t length;
};

static struct bm_context *out, *in;
static struct bm_key current;

static size_t read_hex(const char *text, uint8_t *bytes)
{
	size_t length = strlen(text) / 2, i;
	unsigned int byte;

	for (i = 0; i < length; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
	}
	return length;
}

static void use_key(const struct bm_key *key)
{
	if (out && memcmp(key, &current, sizeof(*key)) == 0)
		return;
	bm_context_close(out);
	bm_context_close(in);
	current = *key;
	CHECK_EQUAL(bm_context_open(&out, key, BM_OUTBOUND, NULL), 0);
	CHECK_EQUAL(bm_context_open(&in, key, BM_INBOUND, NULL), 0);
}

static int is_same(const struct packet *a, const struct packet *b)
{
	return a->length == b->length &&
	       memcmp(a->data, b->data, a->length) == 0;
}

static void check_packet(int rtcp, const struct packet *clear,
			 const struct packet *secret)
{
	struct packet sent = *clear, got = *secret;

	if (rtcp) {
		CHECK_EQUAL(bm_protect_rtcp(out, sent.data, &sent.length,
					    LONGEST), 0);
		CHECK_EQUAL(bm_unprotect_rtcp(in, got.data, &got.length), 0);
	} else {
		CHECK_EQUAL(bm_protect(out, sent.data, &sent.length,
				       LONGEST), 0);
		CHECK_EQUAL(bm_unprotect(in, got.data, &got.length), 0);
	}
	CHECK(is_same(&sent, secret));
	CHECK(is_same(&got, clear));
}

int main(int count, char **arguments)
{
	static char words[5][2 * LONGEST];
	struct packet clear, secret;
	int suite, checked = 0, skipped = 0;
	FILE *file = count > 1 ? fopen(arguments[1], "r") : NULL;

	if (!file || bm_srtp_start())
		return 1;
	while (fscanf(file, "%d %2047s %2047s %2047s %2047s %2047s", &suite,
		      words[0], words[1], words[2], words[3], words[4]) == 6) {
		struct bm_key key = { .suite = (uint16_t)suite };

		if (!(bm_srtp_suites() >> suite & 1)) {
			skipped++;
			continue;
		}
		read_hex(words[0], key.key);
		read_hex(words[1], key.salt);
		clear.length = read_hex(words[3], clear.data);
		secret.length = read_hex(words[4], secret.data);
		use_key(&key);
		check_packet(strcmp(words[2], "rtcp") == 0, &clear, &secret);
		checked++;
	}
	printf("%s %d known answers, %d of suites that are not here\n",
	       check_failures ? "FAIL" : "ok  ", checked, skipped);
	fclose(file);
	bm_context_close(out);
	bm_context_close(in);
	bm_srtp_stop();
	return check_failures != 0 || checked == 0;
}
