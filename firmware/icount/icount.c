/* Counts the instructions between two marks in the guest, for runs that outlast the board's own counter.
 *
 * Build: gcc -O2 -shared -fPIC icount.c -o libicount.so      Use: qemu-system-arm -plugin ./libicount.so ...
 * Prints "icount REGION PROGRAM" on stderr when the guest ends: instructions between the last begin mark and
 * the first end mark after it, and instructions since reset.
 *
 * The marks are instructions without effect that no compiler emits (firmware/common/src/arch.rs):
 *   begin  ARM 0x46D2 (mov r10, r10)   RISC-V 0x00102013 (slti x0, x0, 1)
 *   end    ARM 0x46DB (mov r11, r11)   RISC-V 0x00202013 (slti x0, x0, 2)
 *
 * Debian's QEMU 7.2 has plugins enabled but ships no header, so the few declarations needed stand here: plugin
 * interface, version 1. QEMU 9 and later speak version 2 only and refuse this file with a message. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0, INLINE_ADD_U64 = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int op, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

static uint64_t executed, begun, region;

static void begin(unsigned cpu, void *data) { (void)cpu, (void)data, begun = executed; }
static void end(unsigned cpu, void *data) { (void)cpu, (void)data, region = executed - begun; }

/* Each mark is looked for on its own machine only: ARM's 0x46D2 is an ordinary load of compressed RISC-V. */
static int on_arm;

static int is(const struct qemu_plugin_insn *insn, uint16_t arm, uint32_t riscv)
{
    uint16_t half;
    uint32_t word;
    if (on_arm)
        return qemu_plugin_insn_size(insn) == 2 && (memcpy(&half, qemu_plugin_insn_data(insn), 2), half == arm);
    return qemu_plugin_insn_size(insn) == 4 && (memcpy(&word, qemu_plugin_insn_data(insn), 4), word == riscv);
}

/* Counted per instruction, not per block: a mark may stand in the middle of a translated block. */
static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &executed, 1);
        if (is(insn, 0x46D2, 0x00102013))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, CB_NO_REGS, NULL);
        if (is(insn, 0x46DB, 0x00202013))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, end, CB_NO_REGS, NULL);
    }
}

static void finished(plugin_id id, void *data)
{
    (void)id, (void)data;
    fprintf(stderr, "icount %" PRIu64 " %" PRIu64 "\n", region, executed);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)argc, (void)argv;
    on_arm = !strcmp(*(const char *const *)info, "arm"); /* the first field is the target's name */
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
