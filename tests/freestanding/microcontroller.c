/* What a microcontroller starts with: memory, the floating-point unit, main, and, by semihosting, its status for the
 * emulator. And the three functions that a compiler calls of its own accord. */
#include <stddef.h>
#include <stdint.h>

int main(void);
void reset(void);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);

extern uint32_t stack_top, data_begin, data_end, data_load, bss_begin, bss_end;

void *memcpy(void *to, const void *from, size_t size) { return memmove(to, from, size); }

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *a = to;
    const unsigned char *b = from;
    for (size_t i = 0; i < size; i++) {
        const size_t at = a < b ? i : size - 1 - i;
        a[at] = b[at];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)to)[i] = (unsigned char)byte;
    return to;
}

/* Ends the emulator: SYS_EXIT_EXTENDED of Arm's "Semihosting for AArch32 and AArch64", as an application that exits. */
static void leave(uint32_t status)
{
    const uint32_t block[2] = {0x20026, status};
    register uint32_t operation __asm__("r0") = 0x20;
    register const uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
    for (;;)
        continue;
}

static void fault(void) { leave(99); }

void reset(void)
{
    volatile uint32_t *const access = (volatile uint32_t *)0xe000ed88; /* CPACR: coprocessors 10 and 11, the FPU */
    *access |= UINT32_C(0xf) << 20;
    __asm__ volatile("dsb\n\tisb");
    for (uint32_t *to = &data_begin, *from = &data_load; to < &data_end;)
        *to++ = *from++;
    for (uint32_t *to = &bss_begin; to < &bss_end;)
        *to++ = 0;
    leave((uint32_t)main());
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    &stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault};
