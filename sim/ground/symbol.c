/* SPDX-License-Identifier: MIT */
/* Names of functions, from the program's own symbol table: what the dynamic linker knows lacks static functions. */

#include "sim/ground/symbol.h"

#include "sim/ground/violation.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct function {
    uintptr_t start, end;
    const char *name;
};

extern const char __executable_start[];

static struct function *functions; /* in the order of their addresses */
static size_t function_count;

static int compare(const void *a, const void *b)
{
    const struct function *left = a;
    const struct function *right = b;
    return left->start < right->start ? -1 : left->start > right->start;
}

static void read_table(const unsigned char *file, const Elf64_Shdr *section, const Elf64_Shdr *strings)
{
    const Elf64_Sym *symbols = (const Elf64_Sym *)(file + section->sh_offset);
    size_t count = section->sh_size / sizeof(*symbols);
    uintptr_t base = ((const Elf64_Ehdr *)file)->e_type == ET_DYN ? (uintptr_t)__executable_start : 0;
    functions = calloc(count, sizeof(*functions));
    for (size_t i = 0; i < count; i++) {
        if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_size != 0) {
            uintptr_t start = base + symbols[i].st_value;
            const char *name = (const char *)file + strings->sh_offset + symbols[i].st_name;
            functions[function_count++] = (struct function){start, start + symbols[i].st_size, name};
        }
    }
    qsort(functions, function_count, sizeof(*functions), compare);
}

/* The file stays mapped: the names are in it. */
static void load(void)
{
    struct stat status;
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        sim_violation("test", "the program cannot read itself");
    }
    const unsigned char *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    (void)close(descriptor);
    if (file == MAP_FAILED) {
        sim_violation("test", "the program cannot read itself");
    }
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type == SHT_SYMTAB) {
            read_table(file, &sections[i], &sections[sections[i].sh_link]);
        }
    }
}

const char *sim_symbol(const void *address, size_t *offset)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uintptr_t place = (uintptr_t)address;
    size_t low = 0;
    pthread_once(&once, load);
    size_t high = function_count;
    while (low < high) { /* the first function that begins behind the address */
        size_t middle = low + (high - low) / 2;
        if (functions[middle].start <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool known = low != 0 && place < functions[low - 1].end;
    *offset = known ? place - functions[low - 1].start : 0;
    return known ? functions[low - 1].name : "?";
}
