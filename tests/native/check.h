/* A test program: tests named as sentences, listed at the end of the file. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                               \
	do {                                                           \
		if (!(condition)) {                                    \
			printf("%s:%d: %s\n", __FILE__, __LINE__,      \
			       #condition);                            \
			check_failures++;                              \
		}                                                      \
	} while (0)

#define CHECK_EQUAL(left, right)                                       \
	do {                                                           \
		long long check_left = (long long)(left);              \
		long long check_right = (long long)(right);            \
		if (check_left != check_right) {                       \
			printf("%s:%d: %s is %lld, not %lld\n",        \
			       __FILE__, __LINE__, #left, check_left,  \
			       check_right);                           \
			check_failures++;                              \
		}                                                      \
	} while (0)

struct check_test {
	const char *name;
	void (*run)(void);
};

#define TEST(name) { #name, name }

static inline int check_run(const struct check_test *tests, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int before = check_failures;

		tests[i].run();
		printf("%s %s\n",
		       check_failures == before ? "ok  " : "FAIL",
		       tests[i].name);
		fflush(stdout);
	}
	return check_failures != 0;
}

#define CHECK_MAIN(tests)                                              \
	int main(void)                                                 \
	{                                                              \
		return check_run(tests, sizeof(tests) / sizeof(tests[0])); \
	}

#endif
