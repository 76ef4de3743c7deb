/*
 * people: who is at the keyboard, and on which machine; written beside what they do.
 */
#ifndef DAYBOOK_JOBS_PEOPLE_H
#define DAYBOOK_JOBS_PEOPLE_H

/* The login name of the process's user. Static storage. */
const char *people_operator(void);
/* The machine's name. Static storage. */
const char *people_host(void);

#endif
