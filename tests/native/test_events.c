/* Tests of native/events.c. */
#include "check.h"
#include "events.h"
#include "packets.h"

static struct bm_events events;

static void put(uint32_t first, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct bm_event event = { .relay = first + i,
					  .kind = BM_LATCHED };

		bm_events_put(&events, &event);
	}
}

static int is_readable(void)
{
	struct pollfd ready = { .fd = events.fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

static void events_come_out_in_order(void)
{
	struct bm_event out[4];

	memset(&events, 0, sizeof(events));
	CHECK_EQUAL(bm_events_open(&events), 0);
	CHECK(!is_readable());
	CHECK_EQUAL(bm_events_take(&events, out, 4), 0);
	put(1, 3);
	CHECK(is_readable());
	CHECK_EQUAL(bm_events_take(&events, out, 2), 2);
	CHECK_EQUAL(out[0].relay, 1);
	CHECK_EQUAL(out[1].relay, 2);
	CHECK(is_readable());
	CHECK_EQUAL(bm_events_take(&events, out, 2), 1);
	CHECK_EQUAL(out[0].relay, 3);
	CHECK(!is_readable());
	bm_events_close(&events);
}

static void what_overflows_is_reported_as_lost(void)
{
	static struct bm_event out[BM_EVENTS_KEPT + 1];

	memset(&events, 0, sizeof(events));
	CHECK_EQUAL(bm_events_open(&events), 0);
	put(1, BM_EVENTS_KEPT + 9);
	CHECK_EQUAL(bm_events_take(&events, out, 6), 6);
	put(1000, 6);
	CHECK_EQUAL(bm_events_take(&events, out, BM_EVENTS_KEPT + 1),
		    BM_EVENTS_KEPT + 1);
	CHECK_EQUAL(out[0].relay, 7);
	CHECK_EQUAL(out[BM_EVENTS_KEPT - 1].relay, 1005);
	CHECK_EQUAL(out[BM_EVENTS_KEPT].kind, BM_EVENTS_LOST);
	CHECK(!is_readable());
	bm_events_close(&events);
}

static const struct check_test tests[] = {
	TEST(events_come_out_in_order),
	TEST(what_overflows_is_reported_as_lost),
};

CHECK_MAIN(tests)
