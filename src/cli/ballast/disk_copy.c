/* SPDX-License-Identifier: MIT */
/* ballast disk copy, ballast disk verify */

#include "cli/ballast/disk.h"

#include <stdio.h>
#include <wchar.h>

#include "lib/data.h"

/* A number or drive letter is a disk, anything else a path. */
static bool parse_endpoint(const wchar_t *text, ballast_endpoint *endpoint, ballast_result *result)
{
    bool number = text[wcsspn(text, L"0123456789")] == 0 && text[0] != 0;
    bool letter = text[0] != 0 && text[1] == L':' && ballast_letter_of(text) != 0;
    *endpoint = (ballast_endpoint){.path = text};
    if (!number && !letter) {
        return true;
    }
    endpoint->path = NULL;
    return disk_find(text, &endpoint->disk, result);
}

static void print_transfer(const struct arguments *arguments, const char *verb, const struct progress *progress,
                           double seconds)
{
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("bytes", progress->total);
        json_real("seconds", seconds);
        json_close('}');
        json_end();
    } else {
        print("%s %llu bytes (%s) at %s\n", verb, (unsigned long long)progress->total, size_text(progress->total),
              rate_text(progress->total, seconds));
    }
}

/* What was done to a path that led to a device. */
static void note_device(const wchar_t *path, const struct copy_done *done)
{
    const char *deeds[3];
    size_t count = 0;
    if (done->locked) {
        deeds[count++] = "locked";
    }
    if (done->dismounted) {
        deeds[count++] = "dismounted";
    }
    if (done->written) {
        deeds[count++] = "written in place";
    }
    if (count != 0) {
        print_error("note: %s was %s%s%s%s%s\n", utf8(path), deeds[0], count == 3 ? ", " : "",
                    count == 3 ? deeds[1] : "", count > 1 ? " and " : "", count > 1 ? deeds[count - 1] : "");
    }
    if (done->volumes != 0) {
        print_error("note: %u volumes on it were locked and dismounted\n", (unsigned)done->volumes);
    }
}

ballast_result disk_copy(const struct arguments *arguments)
{
    ballast_endpoint from;
    ballast_endpoint to;
    ballast_error error;
    ballast_result result;
    struct progress progress;
    struct copy_done done;
    if (!parse_endpoint(arguments->positions[0], &from, &result) ||
        !parse_endpoint(arguments->positions[1], &to, &result)) {
        return result;
    }
    progress_begin(&progress, "copy", option_given(arguments, L"progress"));
    result = copy_endpoint(&from, &to, option_given(arguments, L"force") ? BALLAST_COPY_OVERWRITE : 0, progress_step,
                           &progress, &done, &error);
    double seconds = progress_end(&progress);
    if (to.path != NULL) {
        note_device(to.path, &done);
    }
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    print_transfer(arguments, "Copied", &progress, seconds);
    return BALLAST_OK;
}

static ballast_result hash(const struct arguments *arguments, const ballast_endpoint *endpoint)
{
    ballast_hash sum;
    ballast_error error;
    struct progress progress;
    char text[2 * sizeof(sum.sha256) + 1];
    progress_begin(&progress, "read", option_given(arguments, L"progress"));
    ballast_result result = ballast_hash_endpoint(endpoint, progress_step, &progress, &sum, &error);
    (void)progress_end(&progress);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    for (size_t i = 0; i < sizeof(sum.sha256); i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", sum.sha256[i]);
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("bytes", progress.total);
        json_text("sha256", text);
        json_close('}');
        json_end();
    } else {
        print("SHA-256 %s  %llu bytes\n", text, (unsigned long long)progress.total);
    }
    return BALLAST_OK;
}

ballast_result disk_verify(const struct arguments *arguments)
{
    ballast_endpoint reference;
    ballast_endpoint other;
    ballast_error error;
    ballast_result result;
    struct progress progress;
    if (!parse_endpoint(arguments->positions[0], &reference, &result)) {
        return result;
    }
    if (arguments->position_count == 1) {
        return hash(arguments, &reference);
    }
    if (!parse_endpoint(arguments->positions[1], &other, &result)) {
        return result;
    }
    progress_begin(&progress, "verify", option_given(arguments, L"progress"));
    result = ballast_compare(&reference, &other, progress_step, &progress, &error);
    double seconds = progress_end(&progress);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    print_transfer(arguments, "Equal:", &progress, seconds);
    return BALLAST_OK;
}
