/* SPDX-License-Identifier: MIT */
/* Impersonation; client.h has the contract. */

#include "driver/disk/make/client.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

NTSTATUS disk_client_capture(struct disk_client *client)
{
    SECURITY_QUALITY_OF_SERVICE quality = {
        .Length = sizeof(quality),
        .ImpersonationLevel = SecurityImpersonation,
        .ContextTrackingMode = SECURITY_STATIC_TRACKING,
        .EffectiveOnly = FALSE,
    };
    if (nt_in_wine) {
        return STATUS_SUCCESS; /* it cannot impersonate */
    }
    if (nt_late.create_client_security == NULL || nt_late.impersonate_client == NULL ||
        nt_late.revert_to_self == NULL || nt_late.token_type == NULL || nt_late.dereference_primary_token == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    NTSTATUS status = nt_late.create_client_security(PsGetCurrentThread(), &quality, FALSE, &client->context);
    client->present = NT_SUCCESS(status);
    return status;
}

/* What SeDeleteClientSecurity does, which is a macro over functions that Wine lacks. */
void disk_client_release(struct disk_client *client)
{
    if (!client->present) {
        return;
    }
    if (nt_late.token_type(client->context.ClientToken) == TokenPrimary) {
        nt_late.dereference_primary_token(client->context.ClientToken);
    } else {
        ObDereferenceObject(client->context.ClientToken);
    }
    client->present = false;
}

NTSTATUS disk_client_impersonate(struct disk_client *client)
{
    return client->present ? nt_late.impersonate_client(&client->context, NULL) : STATUS_SUCCESS;
}

void disk_client_revert(const struct disk_client *client)
{
    if (client->present) {
        nt_late.revert_to_self();
    }
}
