/* SPDX-License-Identifier: MIT */
/* ballast disk copy, ballast disk verify */

#include "cli/ballast/disk.h"

#include <stdio.h>
#include <wchar.h>

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

ballast_result disk_copy(const struct arguments *arguments)
{
    ballast_endpoint from;
    ballast_endpoint to;
    ballast_error error;
    ballast_result result;
    struct progress progress;
    if (!parse_endpoint(arguments->positions[0], &from, &result) ||
        !parse_endpoint(arguments->positions[1], &to, &result)) {
        return result;
    }
    if (to.path != NULL && wcsncmp(to.path, L"\\\\.\\", 4) == 0) {
        print_error("note: %s is locked, dismounted and written in place\n", utf8(to.path));
    }
    progress_begin(&progress, "copy", option_given(arguments, L"progress"));
    result = ballast_copy(&from, &to, option_given(arguments, L"force") ? BALLAST_COPY_OVERWRITE : 0, progress_step,
                          &progress, &error);
    double seconds = progress_end(&progress);
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
