#!/bin/bash
# SPDX-License-Identifier: MIT
# Breaks the drivers and what reads images on purpose, one line at a time, in a copy of the sources: the simulated kernel, or the
# images' own tests, must turn red each time. mutations.sh [PART/PARTS] [NAME...]: only those, and of them only that part, from 0.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"

part=0
parts=1
case ${1:-} in
*/*)
    part=${1%/*}
    parts=${1#*/}
    shift
    ;;
esac
tree=$build/mutations-$part
mutations=0
tests_run=0
failures=0

result() {
    tests_run=$((tests_run + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $tests_run - $2"
}

programs() { # DRIVER, or image: that show whether it is as it should be
    case $1 in
    disk) echo sim-disk-table sim-disk-cached sim-disk-kernel sim-disk-mount sim-disk-mounted sim-disk-mounting sim-disk-order sim-disk-paging sim-disk-removal sim-disk-rights sim-disk-windows ;;
    ai) echo sim-ai-table sim-ai-kernel sim-ai-fair sim-ai-waiting sim-ai-exact sim-ai-adapters sim-ai-pool unit-pool_meanwhile unit-pool_quota unit-processes unit-sample ;;
    image) echo unit-look unit-look_limits unit-partition unit-vhd unit-vhd_cut unit-vhd_damage unit-vhd_fault unit-vhd_trust ;;
    esac
}

compile() {
    local targets
    read -ra targets <<<"$(programs "$1")"
    cmake --build "$tree/build" --target "${targets[@]}"
}

is_green() {
    local program
    for program in $(programs "$1"); do
        "$tree/build/bin/$program" || return
    done
}

only=("$@")
wanted() { # NAME
    local name
    for name in "${only[@]}"; do
        [ "$name" = "$1" ] && return
    done
    [ ${#only[@]} -eq 0 ]
}

# mutate NAME FILE SED-EXPRESSION: the expression must change exactly the lines it is meant for; if the code has moved on,
# the mutation has to follow.
mutate() {
    local name=$1 file=$2 driver=disk log
    log=$tree/$name.log
    wanted "$name" || return
    mutations=$((mutations + 1))
    [ $((mutations % parts)) -eq "$part" ] || return
    case $name:$file in ai-* | */ai/* | */mem/* | */cli/ballast/sample.c) driver=ai ;; *:src/core/image/*) driver=image ;; esac
    sed -i "$3" "$tree/$file"
    if cmp -s "$root/$file" "$tree/$file"; then
        echo "# the mutation does not apply to $file any more"
        result "not ok" "$name"
    elif ! compile "$driver" >"$log" 2>&1; then
        sed 's/^/# /' "$log"
        result "not ok" "$name"
    elif is_green "$driver" >"$log" 2>&1; then
        echo "# nothing noticed it"
        result "not ok" "$name"
    else
        echo "# caught: $(grep -hm 1 -e '^sim: ' -e 'SUMMARY: ' -e '^not ok' "$log")"
        result ok "$name"
    fi
    cp "$root/$file" "$tree/$file"
}

rm -rf "$tree"
mkdir -p "$tree"
cp -r "$root"/{CMakeLists.txt,CMakePresets.json,bench,cmake,include,sim,src,tests} "$tree"
# What a mutation leaves unused is no reason not to compile it.
quietly cmake -S "$tree" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang \
    -DCMAKE_C_FLAGS="-Wno-error=unused-parameter -Wno-error=unused-function -Wno-error=unused-variable -Wno-error=unused-but-set-variable" \
    -DBALLAST_SANITIZE=address,undefined
for driver in disk ai image; do
    quietly compile "$driver"
    if is_green "$driver" >"$tree/unbroken.log" 2>&1; then
        result ok "unbroken $driver"
    else
        tail -n 20 "$tree/unbroken.log"
        result "not ok" "unbroken $driver"
    fi
done

core=src/core/image
mutate vhd-parent-change-believed $core/vhd_parent.c 's/time == vhd->header.parent_time || options->any_time/true/'
mutate vhd-footer-first $core/vhd_file.c 's/ && !fixed;/;/'
mutate vhd-table-before-data $core/vhd_commit.c \
    '/^ballast_status vhd_commit/,/^}/s/status = vhd_file_flush(vhd);/status = vhd->dirty ? BALLAST_SUCCESS : vhd_file_flush(vhd);/'
mutate vhd-flush-forgotten $core/vhd_internal.h 's/if (!ballast_failed(vhd->lost)) {/if (vhd != NULL) {/'
mutate vhd-table-surplus $core/vhd_table.c 's/vhd_table_size(vhd->header.entries)}/vhd_table_size(vhd->blocks)}/'
mutate vhd-resize-published-early $core/vhd_write.c \
    '/^static ballast_status write_all_tables/,/^}/s/vhd_file_flush(vhd)/BALLAST_SUCCESS/'

mutate look-boot-code-is-damage $core/look.c 's/ || kind == PARTITION_UNTYPED ||/ ||/; s/kind == PARTITION_NOT_A_TABLE;/false;/'
mutate look-damage-crowded-out $core/look.c 's/!is_odd_only(problem->kind) && look_damage/false \&\& look_damage/'
mutate look-unsound-written $core/look.c 's/ || !is_sound(look, chosen))/)/'
mutate look-overlaps-unseen $core/look.c 's/other == partition || !overlap(&other->entry, &partition->entry)/true/'
mutate look-code-is-a-table $core/partition.c 's/(bad == 1 && any)/bad == 1/'

mutate missed-completion src/driver/disk/serve/transfer.c 's/(void)complete(irp, status, transferred);/(void)irp;/'
mutate double-completion src/driver/disk/serve/control.c \
    '/^void disk_serve_control/,/^}/s/(void)disk_request_complete(.*);/& (void)nt_complete(irp, status, 0);/'
mutate lock-not-released src/driver/disk/device/device.c \
    '/^struct disk_device \*disk_device_find/,/^}/s/KeReleaseSpinLock(.*);/(void)irql;/'
mutate leak src/driver/disk/make/source.c 's/platform_free(buffer, LOAD_BLOCK, CREATE_TAG_BUFFER);//'
mutate off-by-one src/core/base/request.h 's/request->input_length < entry->minimum_input/request->input_length + 1 < entry->minimum_input/'
mutate paged-at-dispatch src/driver/disk/make/device.c 's/PLATFORM_POOL_NONPAGED, BITMAP_BYTES/PLATFORM_POOL_PAGED, BITMAP_BYTES/'
mutate partner-beyond-end src/core/disk/swap.c 's/(offset ^ 1) < swap->size/(offset ^ 1) <= swap->size/'
mutate access-ignored src/driver/disk/device/image.c 's/CODE_WRITES(code) && image->read_only/false/'
mutate dismount-forgotten src/driver/disk/end/removal.c 's/needed = needed || !disk_volume_refuse_mounts(device);/needed = false;/'
mutate mounted-too-late src/driver/disk/serve/transfer.c 's/disk_volume_too_late(device) || //'
mutate mount-not-waited-for src/driver/disk/end/dismount.c 's/return status != STATUS_INSUFFICIENT_RESOURCES;/return true;/; s/NTSTATUS status = open_volume(device, &volume);$/NTSTATUS status = STATUS_UNSUCCESSFUL; volume = NULL;/'
mutate hanging-waited-for src/driver/disk/end/dismount.c 's/if (enough \&\& leave_alone(device, state)) {/if (false) {/'
mutate slow-taken-for-hanging src/driver/disk/end/dismount.c 's/return nt_irp_queue_count(&device->queue) == 0;/return true;/'
mutate hanging-forgotten src/driver/disk/end/removal.c 's/if (disk_dismount_holds_driver(device)) {/if (false) {/'
mutate others-dismounted src/driver/disk/end/dismount.c 's/file->DeviceObject == device->object ?/true ?/; s/mounted(device) \&\& !is_left(device)/mounted(device)/'
mutate reading-taken-for-hanging src/driver/disk/end/dismount.c 's/return ++progress->readings >= READING_INTERVALS;/return true;/'
mutate reading-waited-for src/driver/disk/end/dismount.c 's/return ++progress->readings >= READING_INTERVALS;/return false;/; s/ || waited_100ns >= limit_100ns//'
mutate held-before-the-last src/driver/disk/end/removal.c \
    's/    enum disk_dismounted done = disk_dismount_last/struct disk_hold *before = let_be_stopped(device); &/; s/let_be_stopped(device) : NULL/before : NULL/; s/^        hold = let_be_stopped(device);/        hold = before;/'
mutate stop-before-the-last src/driver/disk/end/removal.c \
    's/    enum disk_dismounted done = disk_dismount_last/disk_driver_allow_stop(); &/; s/^    disk_driver_allow_stop();$//'
mutate ejected-before-a-stop src/driver/disk/end/removal.c 's/if (locked(device)) {/if (locked(device) || true) {/'
mutate unlocking-unanswered src/driver/disk/end/removal.c 's/if (locked(device)) {/if (locked(device) \&\& false) {/'
mutate closed-in-the-thread src/driver/disk/device/driver.c 's/if (nt_in_wine) {/if (true) {/'
mutate numbers-held-for-long src/driver/disk/end/dismount.c 's/^#define PATIENCE_LAST_100NS .*/#define PATIENCE_LAST_100NS PATIENCE_100NS/'
mutate unlocking-waited-for src/driver/disk/end/dismount.c 's/if (wait_while(device, ASKER_HOLDS, PATIENCE_LAST_100NS, PATIENCE_LAST_100NS)) {/if (true) {/'
mutate writing-waited-for src/driver/disk/end/dismount.c 's/ || waited_100ns >= limit_100ns;/ || waited_100ns < 0 * limit_100ns;/'
mutate refused-for-a-moment src/driver/disk/device/volume.c \
    's/    if (refused) {/    if (!refused) { __atomic_store_n(\&device->leaving, 1, __ATOMIC_SEQ_CST); } else {/; s/    bool locked = lock_block/    __atomic_store_n(\&device->leaving, 2, __ATOMIC_SEQ_CST); &/'
mutate left-for-ever src/driver/disk/end/dismount.c '/^static void end_left/,/^}/s/__atomic_store_n(&device->asker.state, .*/(void)device;/'
mutate left-unlogged src/driver/disk/end/dismount.c 's/            report(device, state == ASKER_HOLDS.*//'
mutate closing-taken-for-loss src/driver/disk/end/dismount.c 's/state == ASKER_HOLDS ? NT_EVENT_NOT_CLOSED : //'
mutate refusal-unlogged src/driver/disk/end/dismount.c '/^enum disk_dismounted disk_dismount(/,/^}/s/    disk_dismount_failed(device, status);//'
mutate threads-not-waited-for src/driver/disk/end/dismount.c 's/waited += INTERVAL_100NS/waited += patience_100ns/'
mutate others-wait-for-threads src/driver/disk/end/removal.c 's/    if (++device->leave_attempts < THREAD_ATTEMPTS) {/    dismount_and_leave(device); return; if (true) {/'
mutate lock-not-waited-for src/driver/disk/end/removal.c 's/bool needed = ejected ? disk_dismount_needed(device) :.*/bool needed = disk_dismount_needed(device);/'
mutate lock-taken-twice src/driver/disk/end/removal.c 's/bool needed = ejected ? disk_dismount_needed(device) :/bool needed = /'
mutate stop-not-refused src/driver/disk/device/driver.c 's/object->DriverUnload = NULL;/object->DriverUnload = disk_driver.unload;/'
mutate sender-not-asked src/driver/disk/device/request.c '/^static NTSTATUS check_sender/,/^}/s/access == 0/true/'

mutate normal-priority-for-pages src/driver/nt/mapping.h 's/nt_late.mapping_priority + ((irp->Flags & IRP_PAGING_IO) << 3)/nt_late.mapping_priority/'
mutate containers-shut-out src/driver/disk/make/device.c 's/FILE_DEVICE_SECURE_OPEN | nt_late.app_container_traversal/FILE_DEVICE_SECURE_OPEN/'
mutate sectors-unsaid src/driver/disk/make/device.c 's/object->SectorSize = .*;.*/(void)numbered;/'
mutate kernel-believes src/driver/disk/serve/transfer.c 's/status = BALLAST_NONEXISTENT_SECTOR;/(void)status;/'
mutate all-passed-on src/driver/disk/device/image.c 's/!pass_through_allowed(code, file_system)/false/'
mutate link-of-others src/driver/disk/device/names.c 's/ || (known \&\& same(&disk, &ours))) {/ || true) {/'
mutate restricted-shut-out src/driver/nt/security.c 's/{ACE(struct ace_1), restricted,/{ACE(struct ace_1), 0,/'
mutate ai-identified-believed src/driver/nt/security.c 's/subject.ImpersonationLevel >= SecurityImpersonation/true/'
mutate come-cancelled src/driver/nt/irp_queue.c 's/if (irp->Cancel \&\& /if (false \&\& /'
mutate stored-zeros src/driver/disk/device/image.c 's/if (image->length == 0) {/if (false) {/'
mutate flush-not-passed-on src/driver/disk/device/image.c '/^static ballast_status source_flush/,/^}/s/if (image->read_only) {/if (true) {/'
mutate throttled src/driver/disk/device/image.c 's/buffered ? FILE_WRITE_THROUGH :/buffered ? 0 :/'
mutate plug-and-play-answered src/driver/disk/serve/information.c \
    's/NTSTATUS status = irp->IoStatus.Status;/NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;/'
mutate page-files-accepted src/driver/disk/serve/information.c 's/status = STATUS_NOT_SUPPORTED;/status = STATUS_SUCCESS;/'
mutate one-event-for-all src/driver/disk/device/image.c \
    '/^static unsigned claim_event/,/^}/s/if ((__atomic_fetch_or.* == 0) {/if (image->events[i] != NULL) {/'
mutate one-status-for-all src/driver/disk/device/image.c \
    '/^static NTSTATUS transfer_once/,/^}/s/    IO_STATUS_BLOCK io;/    static IO_STATUS_BLOCK io;/'

# The mount manager: the letter that it gives, the one that it shall give, what it is told at the end, and names.
mutate letter-not-looked-for src/driver/disk/device/mount.c 's/        \*has = true;/        *has = false;/'
mutate letter-kept src/driver/disk/device/mount.c 's/if (!equal(&link, wanted) || !equal(&leads_to, device)) {/if (false) {/'
mutate letter-nobody-wished src/core/disk/storage.c 's/attributes |= STORAGE_GPT_ATTRIBUTE_NO_LETTER;/(void)disk;/'
mutate departure-untold src/driver/disk/end/removal.c '/disk_mount_leave(&device->mount);/d'
mutate points-by-device src/driver/disk/device/mount.c \
    's/{.unique_id_length = id.Length}/{.device_length = id.Length}/; s/point.unique_id_offset = append/point.device_offset = append/'
mutate volume-name-again src/driver/disk/make/device.c 's/return disk_driver.last_volume;/return 7;/'
mutate refusal-is-failure src/driver/disk/make/create.c 's/BALLAST_OPTION_PREFER_VOLUME) != 0) {/BALLAST_OPTION_PREFER_VOLUME) == 1) {/'
mutate stored-footer-forgotten src/core/disk/create.c 's/if (parameters->image_offset + .* <= look->data_bytes) {/if (false) {/'
mutate planted-footer-believed src/core/disk/create.c 's/if (parameters->image_offset + .* <= look->data_bytes) {/if (true) {/'
mutate stale-number-kept src/driver/disk/make/device.c 's/ \&\& disk_names_remove_stale(name->number)/ \&\& false/'

mutate shutdown-in-any-order src/driver/disk/end/shutdown.c 's/disk_dismount_needed(device) ? disk_dismount(.*) : DISK_NOT_MOUNTED/DISK_NOT_MOUNTED/'
mutate shutdown-waits-for-long src/driver/disk/end/shutdown.c 's/DISK_SHUTDOWN_LIMIT_100NS/DISK_REMOVAL_LIMIT_100NS/'

mutate no-chunk-for-pages src/core/disk/ram.c 's/chunk = ram_reserve_take(store->reserve);/chunk = NULL;/'
mutate no-room-for-pages src/driver/disk/serve/transfer.c 's/buffer = nt_map_reserved(&device->reserve, irp);/buffer = NULL;/'

mutate snapshot-not-dropped src/driver/ai/processes.c '/^ballast_status ai_query_processes/,/^}/s/put_snapshot(snapshot);//'
mutate header-off-by-one src/driver/ai/control.c 's/header.size_bytes < row->structure/header.size_bytes + 1u < row->structure/'
mutate anybody-may-feed src/driver/ai/control.c 's/ || nt_caller_is_administrator()/ || true/'

# One at least for each way in which one client could hold up, starve or deceive another.
mutate ghosts-listed src/driver/ai/presence.c '/^bool ai_presence_known/,/^}/s/return .*/return false;/'
mutate arrivals-ignored src/driver/ai/inventory.c '/^static void adapters_changed/,/^}/s/__atomic_add_fetch(.*);//'
mutate young-baseline src/driver/ai/processes.c 's/>= BASELINE_100NS/>= 0/'
mutate old-baseline src/driver/ai/processes.c 's/ > OLDEST_BASELINE_100NS;/ > UINT64_MAX - 1;/'
mutate age-not-clamped src/driver/ai/control.c '/^static void read_wishes/,/^}/s/!nt_caller_is_administrator()/false/'
mutate no-process-quota src/core/mem/pool_internal.h 's/return size <= process->quota - process->used;/return size != 0;/'
mutate no-user-quota src/core/mem/pool_quota.c 's/bytes > user->quota - user->taken || //'
mutate refusal-forgotten src/core/mem/pool_quota.c 's/size > atomic_load_u64(&process->user->left)/false/'
mutate refused-for-ever src/core/mem/pool_internal.h 's/atomic_load_u64(&process->user->left) != POOL_ANY_SIZE/false/'
mutate no-reserve src/core/mem/pool_quota.c 's/(process->limited && bytes >/(false \&\& bytes >/'
mutate all-rights-same-user src/core/mem/pool_account.c 's/user->administrator != identity->administrator/false/'
mutate no-user-shares src/core/mem/pool_grant.c 's/ <= POOL_USER_SHARES \&\& taken/ != 0 \&\& taken/'
mutate one-grant-forgotten src/core/mem/pool_grant.c '/^static void leave_bucket/,/^}/s/heir = first->more/heir = NULL/'
mutate others-ids-told src/core/mem/pool_share.c '/^static ballast_status may_map/,/^}/s/BALLAST_NOT_FOUND/BALLAST_ACCESS_DENIED/'
mutate freed-block-granted src/core/mem/pool_share.c '/^static ballast_status set_grant/,/^}/s/!pool_is_live(block)/false/'
mutate freed-by-who-maps src/core/mem/pool_block.c \
    '/^void pool_unpin/,/^}/s/give_back(/withdraw(pool, block); &/;/^bool pool_begin_free/,/^}/s/if (pinned) {/& pool_unpin(pool, block); return true;/'
mutate exit-does-not-wait src/driver/ai/view.c '/^void ai_views_forget/,/^}/s/wait = viewer->unmapping != 0/wait = false/'
mutate unlimited-pending src/driver/ai/file.c 's/BALLAST_AI_MAXIMUM_PENDED)/1000000)/'
mutate unlimited-process-pending src/driver/ai/file.c 's/BALLAST_AI_MAXIMUM_PROCESS_PENDED)/1000000)/'
mutate unlimited-user-pending src/driver/ai/file.c 's/BALLAST_AI_MAXIMUM_USER_PENDED)/1000000)/'
mutate user-counts-what-ended src/driver/ai/file.c '/^void ai_file_end_pending/,/^}/s/__atomic_sub_fetch(&file->client->user->pended, 1, __ATOMIC_RELAXED);//'
mutate readers-wait-together src/driver/ai/file.c 's/client->may_write == may_write/(client->may_write == may_write || process != NULL)/'
mutate all-rights-wait-together src/driver/ai/file.c 's/user->name.administrator == name->administrator/true/'
mutate idle-handles-walk src/driver/ai/control.c '/^void ai_service_abandon/,/^}/s/== 0/< 0/'
mutate sums-compared src/core/ai/process_delta.c \
    's/position++; .*/sum.context_switches -= before->thread[position++].context_switches;/'
mutate one-thread-maps src/driver/ai/control.c \
    's/ && nt_in_wine ? STAGE_POOL : STAGES/ ? STAGE_POOL : STAGES/;s/nt_in_wine ? AI_SERVICE_THREADS : 0/1/'
mutate all-handles-write src/driver/ai/file.c 's/(access & FILE_WRITE_DATA) != 0/(access | FILE_WRITE_DATA) != 0/'
mutate any-process-mapped src/driver/ai/control.c 's/process == NULL || (!nt_in_wine.*/process == NULL) {/'
mutate nobody-mapped src/driver/ai/control.c 's/process == NULL || (!nt_in_wine/(!nt_in_wine \&\& process != NULL/'
mutate not-measured-refused src/cli/ballast/sample.c '/^static bool is_not_measured/,/^}/s/strncmp(value, words\[i\], length) == 0/false/'
mutate reused-id-granted src/driver/ai/pool.c 's/nt_process_create_time(process) != input.create_time/false/'
mutate grants-outlive-processes src/driver/ai/pool.c 's/pool_forget_process(pool, process);//'
mutate granted-to-the-dead src/driver/ai/pool.c 's/nt_process_has_exited(ai->target)/false/'
mutate ai-pending-is-alive src/driver/nt/late.c 's/resolve(L"PsGetProcessExitProcessCalled".*//'
mutate granted-without-right src/driver/ai/pool.c 's/status = may_query(process);/status = nt_late.process_type != NULL ? STATUS_SUCCESS : may_query(process);/'
mutate granted-by-any-right src/driver/ai/pool.c 's/return nt_late.before_nt_6 ? QUERY_OF_NT_5 : QUERY_LIMITED;/return SYNCHRONIZE;/'
mutate views-not-secured src/driver/ai/view.c 's/views.secured = nt_late.*/views.secured = false;/'
mutate others-blocks-shown src/driver/ai/pool.c '/^ballast_status ai_pool_query_blocks/,/^}/s/nt_caller_is_administrator()/true/'
mutate elevated-shown src/core/mem/pool_query.c 's/(viewer->administrator || !user->administrator)/true/'
mutate everybody-feeds src/driver/ai/file.c 's/device == ai_driver.feed_device/device != NULL/'
mutate bound-taken-as-size src/driver/ai/inventory.c 's/GPU_TOTAL_32_BITS, adapter/GPU_TOTAL_KNOWN, adapter/'
mutate software-estimated src/core/ai/gpu.c '/^static bool is_estimated/,/^}/s/return kind.*/return kind < 99;/'
mutate ready-only src/core/ai/processes.c 's/ + totals->thread_state\[SYSTEM_THREAD_STANDBY\] +/ + 0 */'
# A row of what Windows does and Wine does not, each.
mutate released-late src/driver/ai/control.c \
    '/^static void finish/,/^}/{s/ai_file_release(file);//;s/(void)nt_complete(.*);/& ai_file_release(file);/}'
mutate closing-ends-nothing src/driver/ai/driver.c 's/ai_service_abandon(file);/(void)file;/'
mutate frozen-clock src/driver/ai/processes.c 's/snapshot_time = begun->system_time/snapshot_time = snapshot->made_100ns/'
mutate stated-period src/driver/ai/probe.c 's/reply->probe_period_ms = .*/reply->probe_period_ms = PERIOD_MS;/'
mutate summary-outdated src/driver/ai/probe.c '/^static void probe_once/,/^}/s/probe.summed_second = 0;//'
mutate stale-is-idle src/core/ai/codex.c 's/utilization.state == BALLAST_AI_STALE/false/'
mutate stale-is-fresh src/core/ai/gpu.c 's/age_ms <= reader->lifetime_ms ?/true ?/'
mutate share-of-a-gpu-is-software src/core/ai/gpu.c '/^static bool is_hardware/,/^}/s/ || kind == BALLAST_AI_KIND_GPU_PV//'
mutate lists-resident src/core/ai/processes.c 's/PLATFORM_POOL_PAGED/PLATFORM_POOL_NONPAGED/'
mutate locked-for-ever src/core/mem/pool_share.c 's/pool->operations->lock(caller, block->size, view);/(void)pool; (void)caller;/'
mutate refusal-unmaps-any src/core/mem/pool_share.c 's/unmap_pinned(holder, caller, block, mapped.view.address)/unmap_pinned(holder, caller, block, 0)/'
mutate first-view-at-any-address src/core/mem/pool_share.c '/^static bool unuse/,/^}/s/(address != 0 && block->view.address != address)/false/'
mutate gone-view-locked src/core/mem/pool_share.c '/^static struct pool_view \*find_view/,/^}/s/block->view_count != 0 && //'

echo "1..$tests_run"
[ "$failures" -eq 0 ]
