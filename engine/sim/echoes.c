#include "sim/echoes.h"

#include "base/time.h"
#include "sim/swarm.h"

#define LATER_NS (200 * NS_PER_MS)

void echoes_init(struct echoes *echoes, struct world *world, uint64_t seed)
{
    *echoes = (struct echoes){.world = world, .prng = prng_split(seed, "echoes")};
}

static uint32_t free_place(const struct echoes *echoes)
{
    uint32_t at = 0;
    while (at < ECHOES_MAX && echoes->kept[at].is_used)
        at++;
    return at;
}

void echoes_keep(struct echoes *echoes, uint64_t chance, uint32_t engine,
                 const struct bank_reply *reply)
{
    if (chance == 0 || !prng_chance(&echoes->prng, (uint32_t)chance, SWARM_MILLION))
        return;
    uint64_t at_ns = echoes->world->now_ns + prng_between(&echoes->prng, 0, LATER_NS);
    uint32_t at = free_place(echoes);
    if (at == ECHOES_MAX)
        return;
    echoes->kept[at].is_used = true;
    echoes->kept[at].engine = engine;
    echoes->kept[at].reply = *reply;
    echoes->kept[at].text = *reply->text;
    world_plan(echoes->world, at_ns, HAPPENING_TOLD_AGAIN, at);
}

void echoes_drop(struct echoes *echoes, uint32_t engine)
{
    for (uint32_t i = 0; i < ECHOES_MAX; i++)
        if (echoes->kept[i].engine == engine)
            echoes->kept[i].engine = SEATS_MAX;
}

uint32_t echoes_engine(const struct echoes *echoes, const struct happening *happening)
{
    CHECK(happening->what < ECHOES_MAX && echoes->kept[happening->what].is_used);
    return echoes->kept[happening->what].engine;
}

bool echoes_happen(struct echoes *echoes, const struct happening *happening, struct event *event,
                   struct bank_text *text)
{
    bool is_for_one = echoes_engine(echoes, happening) < SEATS_MAX;
    echoes->kept[happening->what].is_used = false;
    if (!is_for_one)
        return false;
    *text = echoes->kept[happening->what].text;
    *event =
        (struct event){.kind = EVENT_BANK_REPLY, .bank_reply = echoes->kept[happening->what].reply};
    event->bank_reply.text = text;
    return true;
}
