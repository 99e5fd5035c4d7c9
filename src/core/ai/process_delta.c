/* SPDX-License-Identifier: MIT */
/* What the AI processes did between two lists; processes.h has the contract. */

#include "core/ai/processes.h"
#include "core/base/platform.h"

static uint64_t grown(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

static uint64_t add_saturated(uint64_t value, uint64_t operand)
{
    return value > UINT64_MAX - operand ? UINT64_MAX : value + operand;
}

/* value * multiplier / divisor, at most INT64_MAX; with a small error once the product would not fit. */
static int64_t scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
    uint64_t scaled = value / divisor;
    if (value <= UINT64_MAX / multiplier) {
        scaled = value * multiplier / divisor;
    } else {
        scaled = scaled <= UINT64_MAX / multiplier ? scaled * multiplier : UINT64_MAX;
    }
    return scaled < INT64_MAX ? (int64_t)scaled : INT64_MAX;
}

/* ---- processes ---- */

/*
 * The entry of the same process, looked for from *cursor on, round and round: the system keeps the order of its
 * processes, so that it is nearly always the next.
 */
static const struct process_entry *find_same(const struct process_list *list, const struct ballast_ai_process *row,
                                             uint32_t *cursor)
{
    for (uint32_t i = 0; i < list->listed; i++) {
        uint32_t at = *cursor < list->listed ? *cursor : 0;
        *cursor = at + 1;
        if (list->entry[at].row.process_id == row->process_id && list->entry[at].row.create_time == row->create_time) {
            return &list->entry[at];
        }
    }
    return NULL;
}

static uint64_t processes_cpu_time(const struct process_list *before, const struct process_list *after)
{
    uint64_t sum_100ns = 0;
    uint32_t cursor = 0;
    for (uint32_t i = 0; i < after->listed; i++) {
        const struct process_entry *now = &after->entry[i];
        const struct process_entry *then = find_same(before, &now->row, &cursor);
        if (then == NULL && now->row.create_time < before->snapshot_time) {
            continue; /* it was no AI process then, by the rules or for want of room: nobody knows where it stood */
        }
        sum_100ns =
            add_saturated(sum_100ns, grown(then != NULL ? then->own_cpu_time_100ns : 0, now->own_cpu_time_100ns));
    }
    return sum_100ns;
}

/* ---- threads ---- */

static bool comes_before(const struct process_thread *one, const struct process_thread *other)
{
    return one->id != other->id ? one->id < other->id : one->create_time < other->create_time;
}

/* Lets thread[root] sink to its place in the heap thread[0] ... thread[count - 1], whose greatest is first. */
static void sink(struct process_thread *thread, uint32_t root, uint32_t count)
{
    struct process_thread moved = thread[root];
    for (uint32_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && comes_before(&thread[child], &thread[child + 1])) {
            child++;
        }
        if (!comes_before(&moved, &thread[child])) {
            break;
        }
        thread[root] = thread[child];
        root = child;
    }
    thread[root] = moved;
}

void process_list_sort_threads(struct process_thread *thread, uint32_t count)
{
    for (uint32_t i = count / 2; i-- != 0;) {
        sink(thread, i, count);
    }
    while (count > 1) {
        struct process_thread greatest = thread[0];
        thread[0] = thread[--count];
        thread[count] = greatest;
        sink(thread, 0, count);
    }
}

struct thread_growth {
    uint64_t cpu_time_100ns;
    uint64_t context_switches;
};

static struct thread_growth threads_growth(const struct process_list *before, const struct process_list *after)
{
    struct thread_growth sum = {0, 0};
    uint32_t position = 0;
    for (uint32_t i = 0; i < after->threads_listed; i++) {
        const struct process_thread *now = &after->thread[i];
        const struct process_thread none = {.id = 0};
        const struct process_thread *then = &none;
        while (position < before->threads_listed && comes_before(&before->thread[position], now)) {
            position++; /* it has ended */
        }
        if (position < before->threads_listed && !comes_before(now, &before->thread[position])) {
            then = &before->thread[position];
        } else if (now->create_time < before->snapshot_time) {
            continue; /* as a process that was not listed then */
        }
        sum.cpu_time_100ns = add_saturated(sum.cpu_time_100ns, grown(then->cpu_time_100ns, now->cpu_time_100ns));
        sum.context_switches += (uint32_t)(now->context_switches - then->context_switches); /* the counter wraps */
    }
    return sum;
}

void process_list_delta(const struct process_list *before, const struct process_list *after,
                        struct process_delta *delta)
{
    platform_zero(delta, sizeof(*delta));
    if (after->made_100ns <= before->made_100ns) {
        return;
    }
    uint64_t cpu_time_100ns = processes_cpu_time(before, after);
    struct thread_growth threads = threads_growth(before, after);
    if (threads.cpu_time_100ns > cpu_time_100ns) {
        cpu_time_100ns = threads.cpu_time_100ns; /* Wine rounds a process's time down to 0 */
    }
    delta->elapsed_100ns = after->made_100ns - before->made_100ns;
    delta->cpu_permille = scale(cpu_time_100ns, 1000, delta->elapsed_100ns);
    delta->context_switches_per_second = scale(threads.context_switches, 10000000, delta->elapsed_100ns);
    delta->cpu_valid = true;
    delta->context_switches_valid = before->totals.context_switches_known && after->totals.context_switches_known &&
                                    before->threads_complete && after->threads_complete;
}
