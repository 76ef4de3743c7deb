/*
 * mockbank_server: a mock bank behind a TCP port: HTTP/1.1, keep-alive, one thread.
 *
 * One turn: collect events, read and decide, write the receipts, and only then answer. A
 * connection has one request in flight; what comes after it waits in its buffer of
 * MOCK_REQUEST_MAX bytes and in the socket.
 */
#ifndef DAYBOOK_JOBS_MOCKBANK_SERVER_H
#define DAYBOOK_JOBS_MOCKBANK_SERVER_H

#include <stdint.h>

#include "jobs/mockbank_accounts.h"
#include "jobs/mockbank_log.h"
#include "mock/bank.h"

#define MOCKBANK_CONNECTIONS_MAX 32768

struct mockbank_setup {
    struct mock_bank *bank;
    const struct mockbank_accounts *accounts;
    struct mockbank_log *log;         /* NULL: none is kept */
    const char *book;                 /* written at the end and on SIGUSR1; NULL: not */
    const char *host;                 /* numeric, IPv4 or IPv6 */
    uint16_t port;                    /* 0: any free one */
    const struct mockbank_past *past; /* all 0: a first life */
    uint64_t arrivals_from_ns;        /* of the engine's clock; 0: the bank's first start */
};

struct mockbank_server;

/* Listens already. NULL: `error` says why not. Blocks SIGTERM, SIGINT and SIGUSR1. */
struct mockbank_server *mockbank_server_open(const struct mockbank_setup *setup,
                                             char error[MOCKBANK_ERROR_BYTES]);
void mockbank_server_close(struct mockbank_server *server);
uint16_t mockbank_server_port(const struct mockbank_server *server);
/* How long answers were held back by latency and faults, all together; those that were given. */
uint64_t mockbank_server_held_ns(const struct mockbank_server *server);
/* Serve until SIGTERM or SIGINT. False: `error`. The book is written in both cases. */
MUST_USE bool mockbank_server_run(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES]);

#endif
