/*
 * auditor_look: deposits are looked for neither too often nor too seldom.
 */
#include <inttypes.h>

#include "base/time.h"
#include "sim/auditor_state.h"

static bool is_waiting(const struct audited_account *account)
{
    return account->is_open && !account->has_deposit && !account->is_parked && !account->is_ended;
}

/* Each look at anybody is the occasion to see whether one other is forgotten. */
static void check_another(struct auditor *auditor, const struct audited_engine *engine,
                          uint64_t now_ns)
{
    auditor->remembered = (auditor->remembered + 1) % auditor->workload->count;
    uint32_t who = engine->month * auditor->workload->count + auditor->remembered;
    const struct audited_account *account = &auditor->accounts[who];
    if (is_waiting(account) && account->looked_epoch == engine->epoch &&
        now_ns > account->looked_at_ns &&
        now_ns - account->looked_at_ns > auditor->rules.forgotten_ns)
        auditor_complain(auditor, "account %u waits for a look since %" PRIu64 " ms", who + 1,
                         (now_ns - account->looked_at_ns) / NS_PER_MS);
}

void auditor_on_look(struct auditor *auditor, const struct audited_engine *engine, uint32_t who,
                     uint64_t now_ns)
{
    struct audited_account *account = &auditor->accounts[who];
    if (!is_waiting(account))
        return; // a closing check
    bool is_again = account->looked_epoch == engine->epoch && !account->was_asked_about;
    if (is_again && now_ns - account->looked_at_ns < auditor->rules.poll_interval_ns)
        auditor_complain(auditor, "account %u is looked at again after %" PRIu64 " ms", who + 1,
                         (now_ns - account->looked_at_ns) / NS_PER_MS);
    check_another(auditor, engine, now_ns);
    account->looked_at_ns = now_ns;
    account->looked_epoch = engine->epoch;
}
