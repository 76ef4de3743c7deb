/*
 * cluster: a private Postgres for one command: made, started, ended and removed.
 *
 * Reached by a Unix socket in its own folder alone, so that `trust` trusts nobody else; commits are
 * durable (fsync on). Started by root, user `postgres` runs it, for Postgres refuses root. It is a
 * child of this process, in a session of its own, and ends with it.
 *
 * A resource; errors are reported (job_fail).
 */
#ifndef DAYBOOK_JOBS_CLUSTER_H
#define DAYBOOK_JOBS_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/check.h"

struct cluster;

/* `settings` are lines "name = 'value'" of postgresql.conf, after those that it has anyway. NULL:
   reported, *exit_code says which. */
MUST_USE struct cluster *cluster_open(const char *const *settings, size_t setting_count,
                                      int *exit_code);
void cluster_close(struct cluster *cluster);

/* The server. */
pid_t cluster_pid(const struct cluster *cluster);
/* How to reach the database of this name there; returns `conninfo`. */
#define CLUSTER_CONNINFO_BYTES 192
const char *cluster_conninfo(const struct cluster *cluster, const char *database,
                             char conninfo[CLUSTER_CONNINFO_BYTES]);

#endif
