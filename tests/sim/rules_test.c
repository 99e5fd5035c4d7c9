/* SPDX-License-Identifier: MIT */
/*
 * Every rule of the simulation catches a driver that breaks it: this loads the wrong drivers, which rules.h describes, and
 * looks at what the simulation says. A right driver passes.
 */

#include "tests/sim/rules.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE 0x00222000u /* FILE_ANY_ACCESS, METHOD_BUFFERED */

PDRIVER_OBJECT wrong_driver;
PDEVICE_OBJECT wrong_device;
KSPIN_LOCK first_lock, second_lock;
KEVENT wrong_event;
lock_virtual_memory *wrong_lock_memory;

static act *acting;
static act *allowed; /* to be run apart */

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS good(PIRP irp)
{
    memset(irp->AssociatedIrp.SystemBuffer, 7, 8);
    return complete(irp, STATUS_SUCCESS, 8);
}

static NTSTATUS dispatch(PDEVICE_OBJECT object, PIRP irp)
{
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    (void)object;
    if (major == IRP_MJ_DEVICE_CONTROL) {
        return acting(irp);
    }
    return complete(irp, major == IRP_MJ_READ ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS, 0);
}

static void unload(PDRIVER_OBJECT object)
{
    (void)object;
    IoDeleteDevice(wrong_device);
}

static NTSTATUS load(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Wrong");
    (void)registry_path;
    wrong_driver = object;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        object->MajorFunction[i] = dispatch;
    }
    object->DriverUnload = unload;
    KeInitializeSpinLock(&first_lock);
    KeInitializeSpinLock(&second_lock);
    KeInitializeEvent(&wrong_event, NotificationEvent, FALSE);
    UNICODE_STRING routine = RTL_CONSTANT_STRING(L"ZwLockVirtualMemory");
    *(PVOID *)&wrong_lock_memory = MmGetSystemRoutineAddress(&routine);
    return IoCreateDevice(object, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &wrong_device);
}

struct sim_process *rules_load(void)
{
    struct sim_options options = {.seed = 1, .watchdog_seconds = 1, .file_system = SIM_FILES};
    sim_reset(&options);
    (void)sim_load(load);
    return sim_process_create(true);
}

static void run_driver(act *routine)
{
    struct sim_file *file;
    char input[4] = {1, 2, 3, 4};
    char output[8];
    acting = routine;
    struct sim_process *process = rules_load();
    (void)sim_create_file(process, "\\Device\\Wrong", GENERIC_READ, &file);
    struct sim_request *request = sim_ioctl_begin(file, CODE, input, sizeof(input), output, sizeof(output));
    sim_cancel(request);
    (void)sim_request_wait(request, NULL);
    sim_kill_process(process);
    sim_unload();
}

/* Runs it in a child. *output is what it wrote to standard error. */
static int run_child(act *routine, char *output, size_t size)
{
    int pipes[2];
    int status = 0;
    size_t used = 0;
    ssize_t count;
    fflush(stdout);
    if (pipe(pipes) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        run_driver(routine);
        _exit(0);
    }
    close(pipes[1]);
    while ((count = read(pipes[0], output + used, size - 1 - used)) > 0) {
        used += (size_t)count;
        if (used == size - 1) { /* the rest does not matter */
            used = size / 2;
        }
    }
    output[used] = 0;
    close(pipes[0]);
    (void)waitpid(child, &status, 0);
    return status;
}

void rules_check(const struct wrong *rows, size_t count)
{
    static char output[1 << 16];
    char expected[64];
    for (size_t i = 0; i < count; i++) {
        test_note("%s", rows[i].name);
        (void)snprintf(expected, sizeof(expected), "sim: %s: ", rows[i].expected != NULL ? rows[i].expected : "");
        int status = run_child(rows[i].routine, output, sizeof(output));
        if (rows[i].expected != NULL) {
            CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
            if (!CHECK(strstr(output, expected) != NULL)) {
                printf("# %.300s\n", output);
            }
        } else {
            CHECK(status != 0 && strstr(output, "AddressSanitizer") != NULL);
        }
    }
}

void rules_apart(void (*body)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        fflush(stdout);
        _exit(test_has_failed());
    }
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

static void run_allowed(void)
{
    run_driver(allowed);
}

void rules_allow(act *routine)
{
    allowed = routine;
    rules_apart(run_allowed);
}

static void a_right_driver_passes(void)
{
    static char output[1 << 16];
    CHECK_EQUAL(run_child(good, output, sizeof(output)), 0);
    CHECK(output[0] == 0);
}

TEST_MAIN({"a_right_driver_passes", a_right_driver_passes}, {"requests", rules_requests},
          {"cancellation", rules_cancellation}, {"locks", rules_locks}, {"memory", rules_memory},
          {"memory_under_address_sanitizer", rules_memory_under_address_sanitizer}, {"objects", rules_objects},
          {"fault_points", rules_fault_points}, {"special_apcs", rules_special_apcs}, {"paging", rules_paging},
          {"security", rules_security}, {"stop", rules_stop}, {"file_systems", rules_file_systems},
          {"mount", rules_mount}, {"functions_at_dispatch_level", rules_functions_at_dispatch_level})
