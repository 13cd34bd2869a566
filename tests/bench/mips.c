/* A plugin of qemu-user that counts the instructions of a run.
 *
 * Only what it needs of QEMU's plugin interface is declared here, version 1:
 * docs/devel/tcg-plugins of QEMU. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

struct tb;
extern void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*translated)(uint64_t id, struct tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct tb *tb, int add,
						     void *counter,
						     uint64_t step);
extern size_t qemu_plugin_tb_n_insns(const struct tb *tb);
extern void qemu_plugin_register_atexit_cb(uint64_t id,
					   void (*ends)(uint64_t id, void *),
					   void *data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t count;

static void translated(uint64_t id, struct tb *tb)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &count,
						 qemu_plugin_tb_n_insns(tb));
}

static void ends(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	fprintf(stderr, "instructions: %" PRIu64 "\n", count);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ends, NULL);
	return 0;
}
