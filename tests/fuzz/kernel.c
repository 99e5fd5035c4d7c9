/* SPDX-License-Identifier: MIT */
/* Files and requests of the drivers' fuzzers; kernel.h has the contract. */

#include "tests/fuzz/kernel.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/* The fuzzer's own counters, which all threads add to; no symbol names what lies in their section. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:__start___sancov_cntrs\nrace:__TMC_END__\n";
}
#endif
#endif

struct fuzz_input fuzz_input;
struct sim_file *fuzz_slots[SLOTS];
struct fuzz_request fuzz_requests[REQUESTS];

uint64_t fuzz_number(unsigned bytes)
{
    return fuzz_take_number(&fuzz_input, bytes);
}

unsigned fuzz_slot(void)
{
    return (unsigned)fuzz_number(1) % SLOTS;
}

void fuzz_name(char *text)
{
    size_t length = fuzz_number(1) % (NAME_MAXIMUM + 1);
    (void)fuzz_take(&fuzz_input, text, length);
    text[length] = 0;
}

struct fuzz_open fuzz_read_open(void)
{
    static const ACCESS_MASK masks[] = {FILE_READ_ATTRIBUTES, GENERIC_READ, GENERIC_WRITE,
                                        GENERIC_READ | GENERIC_WRITE};
    struct fuzz_open open = {.slot = fuzz_slot()};
    open.device = (unsigned)fuzz_number(1);
    open.access = masks[fuzz_number(1) % 4];
    return open;
}

struct fuzz_request fuzz_read_ioctl(void)
{
    struct fuzz_request request = {.slot = fuzz_slot()};
    request.mode = (unsigned)fuzz_number(1);
    request.code = (ULONG)fuzz_number(4);
    request.input_length = fuzz_number(2);
    request.output_length = fuzz_number(2);
    request.input = malloc(request.input_length != 0 ? request.input_length : 1);
    request.output = malloc(request.output_length != 0 ? request.output_length : 1);
    REQUIRE(request.input != NULL && request.output != NULL);
    (void)fuzz_take(&fuzz_input, request.input, request.input_length);
    return request;
}

void fuzz_release(struct fuzz_request *request)
{
    free(request->input);
    free(request->output);
    *request = (struct fuzz_request){.request = NULL};
}

void fuzz_wait(struct fuzz_request *request)
{
    if (request->request != NULL) {
        if (NT_SUCCESS(sim_request_wait(request->request, NULL))) {
            fuzz_succeeded(request);
        }
        fuzz_release(request);
    }
}

void fuzz_keep(struct fuzz_request request)
{
    for (unsigned i = 0; i < REQUESTS && (request.mode & MODE_BEGIN) != 0; i++) {
        if (fuzz_requests[i].request == NULL) {
            fuzz_requests[i] = request;
            return;
        }
    }
    fuzz_wait(&request);
}

static void cancel(void)
{
    const struct fuzz_request *request = &fuzz_requests[fuzz_number(1) % REQUESTS];
    if (request->request != NULL) {
        sim_cancel(request->request);
    }
}

static void close_slot(void)
{
    unsigned slot = fuzz_slot();
    if (fuzz_slots[slot] == NULL) {
        return;
    }
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (fuzz_requests[i].slot == slot) {
            fuzz_wait(&fuzz_requests[i]);
        }
    }
    sim_close(fuzz_slots[slot]);
    fuzz_slots[slot] = NULL;
}

void fuzz_wait_for_all(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        fuzz_wait(&fuzz_requests[i]);
    }
}

static void operate(enum operation operation)
{
    switch (operation) {
    case OPERATION_OPEN:
        fuzz_on_open();
        break;
    case OPERATION_CLOSE:
        close_slot();
        break;
    case OPERATION_IOCTL:
        fuzz_on_ioctl();
        break;
    case OPERATION_READ:
    case OPERATION_WRITE:
        fuzz_on_transfer(operation);
        break;
    case OPERATION_FLUSH:
        fuzz_on_flush();
        break;
    case OPERATION_CANCEL:
        cancel();
        break;
    case OPERATION_WAIT:
        fuzz_wait(&fuzz_requests[fuzz_number(1) % REQUESTS]);
        break;
    case OPERATION_IMAGE:
    case OPERATION_TRUNCATE:
    case OPERATION_DELETE:
        fuzz_on_image(operation);
        break;
    case OPERATION_FAULT:
        sim_fault_at(fuzz_number(1));
        break;
    default:
        fuzz_on_fail();
        break;
    }
}

void fuzz_operate(const uint8_t *data, size_t size)
{
    fuzz_input = (struct fuzz_input){data, size};
    while (fuzz_input.left != 0) {
        operate((enum operation)(fuzz_number(1) % OPERATIONS));
    }
    sim_fault_at(0);
}
