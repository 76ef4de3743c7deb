/*
 * wishes: what people ask for, as the commands that they use file it. Part of harness.h.
 */
#ifndef DAYBOOK_TESTS_CORE_WISHES_H
#define DAYBOOK_TESTS_CORE_WISHES_H

/* Somebody asks, now; the core hears of it when it is running. */
static inline struct load_request *ask(uint32_t position, enum request_kind kind)
{
    assert_true(world->wish_count < REQUESTS_MAX);
    struct wish *wish = &world->wishes[world->wish_count++];
    *wish = (struct wish){.position = position};
    wish->request.id = world->wish_count;
    wish->request.kind = (uint8_t)kind;
    if (world->settle != NULL)
        expect(world->now_ns, EVENT_REQUESTED);
    return &wish->request;
}

/* About the newest transfer, as the records have it at this instant. */
static inline struct load_request *ask_word(uint32_t position, enum request_kind kind)
{
    struct load_row row = recorded_row(position);
    struct load_request *request = ask(position, kind);
    request->step = row.transfer.step;
    request->transfer_kind = row.transfer.kind;
    request->generation = row.transfer.generation;
    request->attempts = row.transfer.attempts;
    strcpy(request->bank_ref, "SLIP 7");
    return request;
}

/* That an accepted transfer came back. */
static inline struct load_request *ask_return(uint32_t position, enum step_kind step,
                                              uint16_t generation)
{
    struct load_request *request = ask(position, REQUEST_RETURN);
    request->step = (uint8_t)step;
    request->generation = generation;
    strcpy(request->bank_ref, "SLIP 8");
    return request;
}

/* Another version of where the money goes. */
static inline struct load_request *ask_amend(uint32_t position, int64_t mapping_id)
{
    struct load_request *request = ask(position, REQUEST_AMEND);
    request->mapping_id = mapping_id;
    snprintf(request->parties.virtual_account, ACCOUNT_TEXT_MAX, "%u", position);
    snprintf(request->parties.payout_account, ACCOUNT_TEXT_MAX, "new %lld", (long long)mapping_id);
    return request;
}

static inline struct load_request *ask_raise(uint32_t position, int64_t payable_minor,
                                             int64_t residue_minor)
{
    struct load_request *request = ask(position, REQUEST_RAISE);
    request->amount_minor = payable_minor;
    request->residue_minor = residue_minor;
    return request;
}

static inline struct load_request *ask_rate(uint8_t bank, int64_t rate_per_s)
{
    struct load_request *request = ask(0, REQUEST_RATE);
    world->wishes[world->wish_count - 1].bank = bank;
    request->amount_minor = rate_per_s;
    return request;
}

/* The account's next settlement, for the request that was asked last. */
static inline void asked_while_later(enum load_later later)
{
    world->wishes[world->wish_count - 1].later = (uint8_t)later;
}

#endif
