/* SPDX-License-Identifier: MIT */
/*
 * Stopping the drivers, in phases: what may stand against it is looked for first, and until the first disk is removed all
 * can be as it was. Disks that are locked are unlocked when their handles are closed.
 */

#include "lib/ai.h"
#include "lib/nesting.h"
#include "lib/remove.h"
#include "lib/service.h"
#include "lib/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long stopping may take, in steps of STOP_STEP_MS: the driver waits for requests under way. */
#define STOP_STEP_MS  20
#define STOP_STEPS    1500

/* A driver that stops says so after as many of these; who has just closed the AI driver is gone by then. */
#define REFUSAL_STEPS 50

struct stop {
    uint32_t drivers; /* bits 1 << driver that are to be stopped */
    uint32_t stopped; /* and that are, or never ran */
    bool remove_disks;
    struct service service[BALLAST_DRIVERS];
    struct nesting *disks; /* those that go */
    HANDLE *locked;        /* by index of these; INVALID_HANDLE_VALUE: not locked, or gone */
};

static bool chosen(const struct stop *stop, ballast_driver which)
{
    return (stop->drivers >> which & 1) != 0;
}

/* ---- what stands against it ---- */

static ballast_result asked_no_more(ballast_driver which, DWORD code, ballast_error *error)
{
    return error_set(error, BALLAST_BUSY, code,
                     L"cannot stop the %ls driver: the service manager asks it no more, because a stop is under "
                     L"way or was refused while there were disks. It runs on; a restart of the system ends it",
                     service_driver_text(which));
}

/* Whether a service takes a stop is known before one is sent: by its state, and by whether it takes a question. */
static bool takes_a_stop(ballast_driver which, SC_HANDLE service)
{
    SERVICE_STATUS status;
    DWORD state = service_state(service);
    if (state == SERVICE_STOPPED || state == SERVICE_STOP_PENDING) {
        return state == SERVICE_STOPPED;
    }
    return !driver_answers(which) || ControlService(service, SERVICE_CONTROL_INTERROGATE, &status) ||
           GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
}

static ballast_result check_services(struct stop *stop, ballast_error *error)
{
    static const DWORD access = SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_INTERROGATE;
    ballast_result result = BALLAST_OK;
    for (ballast_driver i = 0; i < BALLAST_DRIVERS && result == BALLAST_OK; i++) {
        if (!chosen(stop, i)) {
            continue;
        }
        result = service_open(i, access, &stop->service[i], error);
        if (stop->service[i].handle != NULL && !takes_a_stop(i, stop->service[i].handle)) {
            result = asked_no_more(i, ERROR_SERVICE_CANNOT_ACCEPT_CTRL, error);
        }
    }
    return result;
}

/* Who has the AI driver open; *own is how many handles this process has. False: it does not tell. */
static bool read_ai_users(ballast_ai *ai, struct users *users, uint32_t *own)
{
    struct ballast_ai_owner_reply *owners;
    *users = (struct users){.count = 0};
    *own = 0;
    if (ballast_ai_owners(ai, &owners, NULL) != BALLAST_OK) {
        return false;
    }
    for (uint32_t i = 0; i < owners->owners_returned; i++) {
        const struct ballast_ai_owner *owner = &owners->owner[i];
        if (owner->handles != 0) {
            users_add(users, owner->process_id);
        }
        *own += owner->process_id == GetCurrentProcessId() ? owner->handles : 0;
    }
    ballast_ai_release(owners);
    return true;
}

/* A stop would take it from everybody who does not have it open yet, and never end. */
static ballast_result check_ai(struct stop *stop, ballast_error *error)
{
    wchar_t text[USERS_TEXT_SIZE];
    struct users users = {.count = 0};
    uint32_t own = 0;
    ballast_ai *ai;
    if (!chosen(stop, BALLAST_DRIVER_AI) || ballast_ai_open(BALLAST_AI_OPEN_QUERIES, &ai, NULL) != BALLAST_OK) {
        return BALLAST_OK;
    }
    for (int i = 0; i < REFUSAL_STEPS && read_ai_users(ai, &users, &own) && (users.count != 0 || own > 1); i++) {
        Sleep(STOP_STEP_MS);
    }
    ballast_ai_close(ai);
    if (own > 1) { /* besides the one just closed */
        return error_set(error, BALLAST_BUSY, 0, L"cannot stop the AI driver: this program has it open itself");
    }
    if (users.count == 0) {
        return BALLAST_OK;
    }
    users_describe(&users, text);
    return error_set(error, BALLAST_BUSY, 0, L"cannot stop the AI driver: it is open in %ls", text);
}

static ballast_result refuse_disks(uint32_t count, ballast_error *error)
{
    return error_set(error, BALLAST_BUSY, 0, L"cannot stop the disk driver: there %ls still %u disk%ls; remove %ls",
                     count == 1 ? L"is" : L"are", count, count == 1 ? L"" : L"s", count == 1 ? L"it" : L"them");
}

/* False, and *result, if that is not possible and not because the disk is gone. */
static bool lock_disk(struct stop *stop, uint32_t index, ballast_result *result, ballast_error *error)
{
    stop->locked[index] = disk_lock(stop->disks->disk[index].number, 0, result, error);
    if (stop->locked[index] == INVALID_HANDLE_VALUE && *result != BALLAST_NOT_FOUND) {
        return false;
    }
    *result = BALLAST_OK;
    return true;
}

/* All but those that other disks' images lie on: as long as these are there, they are in use. */
static ballast_result lock_disks(struct stop *stop, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    if (!chosen(stop, BALLAST_DRIVER_DISK) || !driver_answers(BALLAST_DRIVER_DISK)) {
        return BALLAST_OK;
    }
    if (!stop->remove_disks) {
        size_t count = 0;
        result = ballast_disk_list(NULL, 0, &count, error);
        return result == BALLAST_OK && count != 0 ? refuse_disks((uint32_t)count, error) : result;
    }
    stop->disks = nesting_read(&result, error);
    if (stop->disks == NULL || stop->disks->count == 0) {
        return result;
    }
    stop->locked = malloc(stop->disks->count * sizeof(*stop->locked));
    if (stop->locked == NULL) {
        return error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot remove the disks");
    }
    for (uint32_t i = 0; i < stop->disks->count; i++) {
        stop->locked[i] = INVALID_HANDLE_VALUE;
    }
    for (uint32_t i = 0; i < stop->disks->count; i++) {
        if (!nesting_carries(stop->disks, i) && !lock_disk(stop, i, &result, error)) {
            break;
        }
    }
    return result;
}

/* ---- what changes something ---- */

static ballast_result eject_disk(struct stop *stop, uint32_t index, ballast_error *error)
{
    HANDLE disk = stop->locked[index];
    stop->locked[index] = INVALID_HANDLE_VALUE; /* the handle goes with it */
    ballast_result result = BALLAST_OK;
    if (disk != INVALID_HANDLE_VALUE) {
        result = disk_eject(disk, stop->disks->disk[index].number, error);
    }
    return result == BALLAST_NOT_FOUND ? BALLAST_OK : result; /* somebody was faster */
}

/*
 * Disks on other disks first, from the innermost out, until all that are left are locked. Their contents are in images, which
 * stay if one further out turns out to be in use: no RAM disk has gone then.
 */
static ballast_result remove_inner_disks(struct stop *stop, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    for (uint32_t i = 0; i < stop->disks->count && result == BALLAST_OK; i++) {
        if (nesting_carries(stop->disks, i) && !lock_disk(stop, i, &result, error)) {
            break;
        }
        if (stop->disks->disk[i].carrier != NESTING_NONE) {
            result = eject_disk(stop, i, error);
        }
    }
    return result;
}

static ballast_result remove_all_disks(struct stop *stop, ballast_error *error)
{
    if (stop->locked == NULL) {
        return BALLAST_OK;
    }
    ballast_result result = remove_inner_disks(stop, error);
    for (uint32_t i = 0; i < stop->disks->count && result == BALLAST_OK; i++) {
        result = eject_disk(stop, i, error);
    }
    return result;
}

/* The service manager may say that it has stopped a driver which has refused that: it runs on then. */
static bool goes_on_running(SC_HANDLE service, int step)
{
    return step >= REFUSAL_STEPS && service_state(service) == SERVICE_RUNNING;
}

static ballast_result goes_on(ballast_driver which, DWORD code, ballast_error *error)
{
    return error_set(error, BALLAST_BUSY, code,
                     which == BALLAST_DRIVER_DISK
                         ? L"the disk driver does not stop; is one of its disks open, or a new one there?"
                         : L"the AI driver does not stop; which program has it open?");
}

static ballast_result send_stop(ballast_driver which, SC_HANDLE service, ballast_error *error)
{
    SERVICE_STATUS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) {
        DWORD code = GetLastError();
        if (code == ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
            return asked_no_more(which, code, error);
        }
        if (code == ERROR_INVALID_SERVICE_CONTROL) { /* Windows' for a driver that cannot be unloaded now */
            return goes_on(which, code, error);
        }
        return code == ERROR_SERVICE_NOT_ACTIVE
                   ? BALLAST_OK
                   : error_set(error, result_of(code), code, L"cannot stop the %ls driver", service_driver_text(which));
    }
    for (int i = 0; i < STOP_STEPS && !goes_on_running(service, i); i++) {
        if (service_state(service) == SERVICE_STOPPED) {
            return BALLAST_OK;
        }
        Sleep(STOP_STEP_MS);
    }
    return goes_on(which, 0, error);
}

static ballast_result stop_driver(struct stop *stop, ballast_driver which, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    if (!chosen(stop, which)) {
        return result;
    }
    if (stop->service[which].handle != NULL) {
        result = send_stop(which, stop->service[which].handle, error);
    }
    stop->stopped |= result == BALLAST_OK ? 1u << which : 0;
    return result;
}

/* It has nobody's data when nobody has it open, so that it goes before any disk does. */
static ballast_result stop_ai(struct stop *stop, ballast_error *error)
{
    return stop_driver(stop, BALLAST_DRIVER_AI, error);
}

static ballast_result stop_disk(struct stop *stop, ballast_error *error)
{
    return stop_driver(stop, BALLAST_DRIVER_DISK, error);
}

static void end(struct stop *stop)
{
    for (uint32_t i = 0; stop->locked != NULL && i < stop->disks->count; i++) {
        if (stop->locked[i] != INVALID_HANDLE_VALUE) {
            CloseHandle(stop->locked[i]); /* which unlocks it */
        }
    }
    for (ballast_driver i = 0; i < BALLAST_DRIVERS; i++) {
        if (stop->service[i].manager != NULL) {
            service_close(&stop->service[i]);
        }
    }
    free(stop->locked);
    free(stop->disks);
}

ballast_result ballast_drivers_stop(uint32_t drivers, int remove_disks, uint32_t *stopped, ballast_error *error)
{
    static ballast_result (*const phases[])(struct stop * stop, ballast_error * error) = {
        check_services, check_ai, lock_disks, stop_ai, remove_all_disks, stop_disk,
    };
    struct stop stop = {.drivers = drivers, .remove_disks = remove_disks != 0};
    ballast_result result = BALLAST_OK;
    if (drivers >> BALLAST_DRIVERS != 0) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"there are no drivers 0x%x", drivers);
    }
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]) && result == BALLAST_OK; i++) {
        result = phases[i](&stop, error);
    }
    end(&stop);
    if (stopped != NULL) {
        *stopped = stop.stopped;
    }
    return result;
}

ballast_result ballast_driver_stop(ballast_driver which, int remove_disks, ballast_error *error)
{
    ballast_result result = driver_check(which, error);
    return result == BALLAST_OK ? ballast_drivers_stop(1u << which, remove_disks, NULL, error) : result;
}
