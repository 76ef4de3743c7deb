/*
 * people: who looks at a payday and asks for something: what is parked or in doubt, what came back,
 * what is short. Drawn from streams of its own.
 *
 * What a person says of a transfer is mostly what the bank's book has. Where the bank can be asked
 * by key it is sometimes wrong, or about an older attempt: the engine must find out. Where it
 * cannot be asked, a person speaks only of what cannot change any more. Who pays by hand does so
 * once the decision is done, and within the bank's processing time.
 */
#ifndef DAYBOOK_SIM_PEOPLE_H
#define DAYBOOK_SIM_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"

struct payday;

/* Between two runs of the month. True: somebody asks for something. */
bool people_look(struct payday *payday, uint32_t month);
/* While a run of the month goes on. */
void people_look_meanwhile(struct payday *payday, uint32_t month);
/* The next month begins: what is short in an older one is given up for it. */
bool people_supersede(struct payday *payday, uint32_t month);
/* What came back from ended settlements of the month. */
bool people_return(struct payday *payday, uint32_t month);
/* A decision about this request is committed: whoever wants to pay by hand does so. */
void people_on_decided(void *payday, uint64_t request_id);

/* ---- for scripts ---- */

/* File a request about a settlement (its index), to come after another one (0: none). */
uint64_t people_file(struct payday *payday, uint32_t account, uint64_t after,
                     const struct load_request *request);
/* File one about the month's run: so many calls a second. */
uint64_t people_file_rate(struct payday *payday, uint32_t month, uint32_t rate_per_s);
/* What can be seen of the settlement, as in a page of requests. */
void people_see(struct payday *payday, uint32_t account, struct load_row *row);
/* The request's decision (enum decision_state), 0: none yet. */
uint8_t people_decision(struct payday *payday, uint64_t request_id);

#endif
