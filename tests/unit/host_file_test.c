/* SPDX-License-Identifier: MIT */
/* A new image that takes its place while somebody else has taken it. */

#include "cli/ballast/host_file.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/host_file.XXXXXX";

static void put(const char *text)
{
    FILE *file = fopen("disk", "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        abort();
    }
}

/* What the file begins with. */
static int first_byte(void)
{
    FILE *file = fopen("disk", "r");
    int byte = file != NULL ? fgetc(file) : EOF;
    if (file != NULL) {
        (void)fclose(file);
    }
    return byte;
}

static ballast_result commit_over(bool replace, const char *meanwhile)
{
    struct vhd_file created;
    ballast_error error;
    (void)unlink("disk");
    CHECK_EQUAL(host_file_create(L"disk", replace, &created, &error), BALLAST_OK);
    CHECK_EQUAL(created.source->operations->write(created.source, 0, "new", 3), BALLAST_SUCCESS);
    if (meanwhile != NULL) {
        put(meanwhile);
    }
    return host_file_commit(created.source, &error);
}

static void a_file_made_meanwhile_stays(void)
{
    CHECK_EQUAL(commit_over(false, NULL), BALLAST_OK);
    CHECK_EQUAL(first_byte(), 'n');
    CHECK_EQUAL(commit_over(false, "other"), BALLAST_BUSY);
    CHECK_EQUAL(first_byte(), 'o');
    CHECK_EQUAL(commit_over(true, "other"), BALLAST_OK);
    CHECK_EQUAL(first_byte(), 'n');
    /* Nothing is left beside it. */
    CHECK_EQUAL(unlink("disk"), 0);
    CHECK_EQUAL(chdir("/"), 0);
    CHECK_EQUAL(rmdir(directory), 0);
}

static void in_a_directory(void)
{
    CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
}

TEST_MAIN({"in_a_directory", in_a_directory}, {"a_file_made_meanwhile_stays", a_file_made_meanwhile_stays})
