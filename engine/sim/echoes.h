/*
 * echoes: answers that an engine is told a second time, later, when it has another call there.
 *
 * A copy of a reply is kept and comes again to the same process, never to one that follows it. The
 * engine must know by the call's generation that it is not meant for who has the slot now.
 */
#ifndef DAYBOOK_SIM_ECHOES_H
#define DAYBOOK_SIM_ECHOES_H

#include "base/prng.h"
#include "core/port.h"
#include "sim/world.h"

#define ECHOES_MAX 32U

struct echoes {
    struct world *world;
    struct prng prng;
    struct {
        bool is_used;
        uint32_t engine; /* SEATS_MAX: that one is gone */
        struct bank_reply reply;
        struct bank_text text;
    } kept[ECHOES_MAX];
};

void echoes_init(struct echoes *echoes, struct world *world, uint64_t seed);
/* A reply is given to the engine: by this chance in a million it comes again. */
void echoes_keep(struct echoes *echoes, uint64_t chance, uint32_t engine,
                 const struct bank_reply *reply);
/* The engine is gone. */
void echoes_drop(struct echoes *echoes, uint32_t engine);
/* Which engine a HAPPENING_TOLD_AGAIN is for, SEATS_MAX: none. */
uint32_t echoes_engine(const struct echoes *echoes, const struct happening *happening);
/* True: *event is for that engine; its text is *text. */
bool echoes_happen(struct echoes *echoes, const struct happening *happening, struct event *event,
                   struct bank_text *text);

#endif
