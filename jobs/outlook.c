#include "jobs/outlook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/forecast.h"
#include "jobs/student.h"

#define HELD_SHARE 0.9
#define GAIN_STILL 0.5 /* of more concurrency: it is the limit yet */
#define BUSY 0.7
#define BUSY_AT_ALL 0.1
#define PROBABILITY 0.9
#define TRANSFERS 2
#define USL_POINTS_MAX 4096
#define DURATION_MOST 3e18 /* ns: a hundred years or so */
#define LATE_MOST 6e18

/* ---- which points count ---- */

bool outlook_is_held(const struct bench_results *results, const struct bench_results_point *point)
{
    double bank = bench_results_bank_rate(results, point) / bench_results_calls(results);
    double arrival = isfinite(point->rate_per_s) ? point->rate_per_s : results->workload.rate_per_s;
    if (isfinite(bank) && point->per_s >= HELD_SHARE * bank)
        return true;
    return arrival > 0 && point->per_s >= HELD_SHARE * arrival;
}

static bool is_used(const struct bench_results *results, const struct bench_results_point *point)
{
    return isfinite(point->per_s) && !outlook_is_held(results, point);
}

static bool is_sweep_of_concurrency(const struct bench_results *results)
{
    return results->swept != NULL && strcmp(results->swept, "concurrency") == 0;
}

static void choose_results(const struct bench_results *results, size_t count,
                           struct outlook_basis *basis)
{
    basis->results = &results[0];
    for (size_t i = count; i-- > 0;)
        if (is_sweep_of_concurrency(&results[i]))
            basis->results = &results[i];
    for (size_t i = 0; i < basis->results->point_count; i++) {
        const struct bench_results_point *point = &basis->results->points[i];
        bool is_held = isfinite(point->per_s) && outlook_is_held(basis->results, point);
        basis->held += is_held;
        if (!is_used(basis->results, point))
            continue;
        basis->used++;
        if (!(point->concurrency >= 1))
            continue;
        basis->concurrency_least = fmin(basis->concurrency_least, point->concurrency);
        basis->concurrency_most = fmax(basis->concurrency_most, point->concurrency);
    }
}

/* ---- the curve ---- */

static size_t add_repeats(const struct bench_results_point *point, struct usl_point *points,
                          size_t count)
{
    size_t repeats = point->repeat_count > 0 ? point->repeat_count : 1;
    for (size_t i = 0; i < repeats && count < USL_POINTS_MAX; i++)
        points[count++] = (struct usl_point){
            point->concurrency, point->repeat_count > 0 ? point->repeats[i] : point->per_s};
    return count;
}

static void fit_curve(struct outlook_basis *basis)
{
    const struct bench_results *results = basis->results;
    struct usl_point *points = calloc(USL_POINTS_MAX, sizeof *points);
    size_t count = 0;
    CHECK(points != NULL);
    for (size_t i = 0; i < results->point_count; i++)
        if (is_used(results, &results->points[i]) && results->points[i].concurrency >= 1)
            count = add_repeats(&results->points[i], points, count);
    basis->fitted =
        is_sweep_of_concurrency(results) ? usl_fit(points, count, &basis->fit) : USL_TOO_FEW;
    free(points);
}

/* ---- where on it ---- */

static const struct bench_results_point *fastest_of(const struct outlook_basis *basis)
{
    const struct bench_results_point *fastest = NULL;
    for (size_t i = 0; i < basis->results->point_count; i++) {
        const struct bench_results_point *point = &basis->results->points[i];
        bool is_on_curve = basis->fitted != USL_FITTED || point->concurrency >= 1;
        if (is_used(basis->results, point) && is_on_curve &&
            (fastest == NULL || point->per_s > fastest->per_s))
            fastest = point;
    }
    return fastest;
}

static const struct bench_results_point *nearest_to(const struct outlook_basis *basis,
                                                    double concurrency)
{
    const struct bench_results_point *nearest = NULL;
    double least = INFINITY;
    for (size_t i = 0; i < basis->results->point_count; i++) {
        const struct bench_results_point *point = &basis->results->points[i];
        double apart = fabs(log(point->concurrency / concurrency));
        if (is_used(basis->results, point) && apart < least) {
            least = apart;
            nearest = point;
        }
    }
    return nearest;
}

static const struct bench_results_point *quietest_of(const struct outlook_basis *basis)
{
    const struct bench_results_point *quietest = NULL;
    for (size_t i = 0; i < basis->results->point_count; i++) {
        const struct bench_results_point *point = &basis->results->points[i];
        if (is_used(basis->results, point) &&
            (quietest == NULL || point->concurrency < quietest->concurrency))
            quietest = point;
    }
    return quietest;
}

static void choose_place(const struct outlook_options *options, struct outlook_basis *basis)
{
    basis->nearest = fastest_of(basis);
    basis->concurrency = basis->nearest == NULL ? NAN : basis->nearest->concurrency;
    if (!isfinite(options->concurrency))
        return;
    basis->concurrency = options->concurrency;
    if (nearest_to(basis, options->concurrency) != NULL)
        basis->nearest = nearest_to(basis, options->concurrency);
    basis->is_beyond =
        isfinite(basis->concurrency_least) && (options->concurrency < basis->concurrency_least ||
                                               options->concurrency > basis->concurrency_most);
}

/* ---- spread ---- */

static void pool_spread(struct outlook_basis *basis)
{
    double squares = 0;
    basis->spread = NAN;
    for (size_t i = 0; i < basis->results->point_count; i++) {
        const struct bench_results_point *point = &basis->results->points[i];
        double mean = 0;
        for (size_t j = 0; j < point->repeat_count; j++)
            mean += point->repeats[j] / (double)point->repeat_count;
        if (point->repeat_count < 2 || !(mean > 0))
            continue;
        for (size_t j = 0; j < point->repeat_count; j++)
            squares += (point->repeats[j] / mean - 1) * (point->repeats[j] / mean - 1);
        basis->spread_freedom += (double)(point->repeat_count - 1);
    }
    if (basis->spread_freedom > 0)
        basis->spread = sqrt(squares / basis->spread_freedom);
}

/* What nine of ten reach of 1; NAN: unknown. */
static double share_reached(const struct outlook_basis *basis)
{
    if (!isfinite(basis->spread))
        return NAN;
    double less = student_quantile(PROBABILITY, basis->spread_freedom) * basis->spread;
    return less < 0.99 ? 1 - less : 0.01;
}

/* ---- limits ---- */

static void look_at_machine(struct outlook_basis *basis)
{
    const struct bench_results_point *point = basis->nearest;
    if (point == NULL)
        return;
    double cores = basis->results->environment.cores;
    double lanes = point->lanes >= 1 ? point->lanes : 1;
    double all_ns =
        point->engine_ns + point->postgres_ns + (isfinite(point->bank_ns) ? point->bank_ns : 0);
    double by_cores = cores * 1e9 / all_ns, by_engine = lanes * 1e9 / point->engine_ns;
    basis->cpu_per_s = fmin(by_cores, by_engine); // fmin takes the one that is a number
    basis->database_per_s = lanes * 1e9 / point->postgres_ns;
    if (!(basis->cpu_per_s > 0 && isfinite(basis->cpu_per_s)))
        basis->cpu_per_s = NAN;
    if (!(basis->database_per_s > 0 && isfinite(basis->database_per_s)))
        basis->database_per_s = NAN;
    basis->cpu_busy = point->per_s / basis->cpu_per_s;
    basis->database_busy = point->per_s / basis->database_per_s;
}

static enum outlook_cause longest_wait(const struct bench_results_point *point)
{
    const double *shares = point->shares;
    double calls = (isfinite(shares[BENCH_OF_TOKENS]) ? shares[BENCH_OF_TOKENS] : 0) +
                   (isfinite(shares[BENCH_OF_BANK]) ? shares[BENCH_OF_BANK] : 0);
    double database = isfinite(shares[BENCH_OF_DATABASE]) ? shares[BENCH_OF_DATABASE] : 0;
    double cpu = isfinite(shares[BENCH_OF_CPU]) ? shares[BENCH_OF_CPU] : 0;
    if (calls + database + cpu <= 0)
        return OUTLOOK_MACHINE;
    if (calls >= database && calls >= cpu)
        return OUTLOOK_CONCURRENCY;
    return database >= cpu ? OUTLOOK_DATABASE : OUTLOOK_CPU;
}

static enum outlook_cause cause_of(const struct outlook_basis *basis, bool is_machine_alone)
{
    double cpu = isfinite(basis->cpu_busy) ? basis->cpu_busy : 0;
    double database = isfinite(basis->database_busy) ? basis->database_busy : 0;
    bool has_curve = basis->fitted == USL_FITTED;
    if (!is_machine_alone && has_curve &&
        usl_gain_at(&basis->fit, basis->concurrency) >= GAIN_STILL)
        return OUTLOOK_CONCURRENCY;
    // The curve rules concurrency out, so it is one of these however busy.
    bool is_saturated = is_machine_alone || has_curve;
    if (fmax(cpu, database) >= (is_saturated ? BUSY_AT_ALL : BUSY))
        return cpu >= database ? OUTLOOK_CPU : OUTLOOK_DATABASE;
    enum outlook_cause cause = longest_wait(basis->nearest);
    return is_saturated && cause == OUTLOOK_CONCURRENCY ? OUTLOOK_MACHINE : cause;
}

/* The concurrency at which the curve is highest, as far as it was measured. */
static double best_measured(const struct outlook_basis *basis)
{
    const struct usl_fit *fit = &basis->fit;
    return fit->has_knee ? fmin(fmax(fit->knee, basis->concurrency_least), basis->concurrency_most)
                         : basis->concurrency_most;
}

/* The curve's own error, and beside it the spread of repeats, which grows with the throughput;
   without repeats that of the points around the curve. */
static double reached_on_curve(const struct outlook_basis *basis, double concurrency)
{
    const struct usl_fit *fit = &basis->fit;
    if (!isfinite(basis->spread))
        return usl_reached_at(fit, concurrency, PROBABILITY);
    double curve = usl_at(fit, concurrency), error = usl_error_at(fit, concurrency);
    double spread = basis->spread * curve;
    double less = student_quantile(PROBABILITY, fmin(fit->freedom, basis->spread_freedom)) *
                  sqrt(error * error + spread * spread);
    return less < curve ? curve - less : 0;
}

/* With another latency than the benchmark's bank had, what was carried at a concurrency says
   nothing; the most that was carried still is what the machine can do. */
static void look_at_carried(const struct outlook_options *options, struct outlook_basis *basis)
{
    bool is_machine_alone = isfinite(options->bank_latency_ns);
    if (basis->nearest == NULL)
        return;
    if (basis->fitted == USL_FITTED) {
        double at = is_machine_alone ? best_measured(basis) : basis->concurrency;
        basis->carried_per_s = usl_at(&basis->fit, at);
        basis->reached_per_s = reached_on_curve(basis, at);
    } else {
        basis->carried_per_s = is_machine_alone ? fastest_of(basis)->per_s : basis->nearest->per_s;
    }
    if (!(basis->carried_per_s > 0))
        basis->carried_per_s = NAN;
    basis->carried_by = cause_of(basis, is_machine_alone);
}

/* A call's time where nothing queues: the bank's latency, else what the quietest point saw. */
static void look_at_calls(const struct outlook_options *options, struct outlook_basis *basis)
{
    const struct bench_results_point *quietest = quietest_of(basis);
    basis->call_ns = options->bank_latency_ns;
    if (quietest == NULL)
        return;
    if (!isfinite(basis->call_ns))
        basis->call_ns = bench_results_bank_latency(basis->results, quietest);
    double sum = 0;
    for (size_t i = BENCH_DEPOSIT; i <= BENCH_PAYOUT; i++)
        sum += quietest->latencies[i].service[BENCH_P50] / (TRANSFERS + 1);
    if (!isfinite(basis->call_ns))
        basis->call_ns = sum;
    basis->path_ns = quietest->latencies[BENCH_SETTLEMENT].response[BENCH_P50];
    if (isfinite(options->bank_latency_ns) && isfinite(basis->path_ns) && isfinite(sum))
        basis->path_ns = fmax(basis->path_ns + basis->calls * (basis->call_ns - sum), 0);
}

void outlook_basis_make(const struct bench_results *results, size_t count,
                        const struct outlook_options *options, struct outlook_basis *basis)
{
    CHECK(count > 0);
    *basis = (struct outlook_basis){
        .concurrency_least = NAN,
        .concurrency_most = NAN,
        .carried_per_s = NAN,
        .reached_per_s = NAN,
        .carried_by = OUTLOOK_MACHINE,
        .cpu_busy = NAN,
        .database_busy = NAN,
        .database_per_s = NAN,
        .cpu_per_s = NAN,
        .call_ns = NAN,
        .path_ns = NAN,
        .spread = NAN,
    };
    choose_results(results, count, basis);
    basis->calls = bench_results_calls(basis->results);
    fit_curve(basis);
    choose_place(options, basis);
    look_at_machine(basis);
    pool_spread(basis);
    look_at_carried(options, basis);
    look_at_calls(options, basis);
    if (basis->fitted != USL_FITTED)
        basis->reached_per_s = basis->carried_per_s * share_reached(basis);
    if (!isfinite(basis->spread) && basis->fitted == USL_FITTED) {
        basis->spread = basis->fit.residual_error / basis->carried_per_s;
        basis->spread_freedom = basis->fit.freedom;
        basis->is_spread_of_fit = true;
    }
}

/* ---- the outlook ---- */

static enum closing_check closing_of(const struct bench_results *results)
{
    double calls = bench_results_calls(results);
    return calls >= 2 + TRANSFERS  ? CLOSING_ALL
           : calls > 1 + TRANSFERS ? CLOSING_SAMPLE
                                   : CLOSING_OFF;
}

static uint64_t natural(double value, uint64_t most)
{
    return value >= (double)most ? most : value >= 1 ? (uint64_t)llround(value) : 1;
}

static struct forecast_input input_of(const struct outlook_basis *basis,
                                      const struct outlook_question *question, double machine_per_s)
{
    enum closing_check closing = closing_of(basis->results);
    double call_ns = isfinite(basis->call_ns) ? basis->call_ns : 0;
    double steps = 1 + TRANSFERS + (closing == CLOSING_ALL);
    double write_ns = isfinite(basis->path_ns) ? fmax(basis->path_ns / steps - call_ns, 0) : 0;
    struct forecast_input input = {
        .bank_count = 1,
        .transfers = TRANSFERS,
        .closing = closing,
        .slots = UINT32_MAX,
        .chunk_commit_ns = (uint64_t)(write_ns * 2 / 3), // forecast.h: a write is half as much more
        .machine_per_s = natural(machine_per_s, UINT64_C(1) << 40),
    };
    input.banks[0] = (struct forecast_bank){
        .fresh = question->accounts,
        .calls = forecast_calls(question->accounts, TRANSFERS, closing),
        .rate_per_s = question->rate_per_s == 0 ? UINT32_MAX : question->rate_per_s,
        .calls_max = isfinite(basis->concurrency)
                         ? (uint32_t)natural(basis->concurrency, UINT32_MAX)
                         : UINT32_MAX,
        .call_ns = (uint64_t)call_ns,
    };
    return input;
}

static void add_limit(struct outlook *outlook, struct outlook_limit limit,
                      const struct forecast_bound *bound, double reached)
{
    CHECK(outlook->limit_count < OUTLOOK_LIMITS_MAX);
    limit.duration_ns = bound->duration_ns;
    if (isfinite(reached) && reached > 0)
        limit.late_ns =
            bound->overhead_ns +
            (uint64_t)fmin((double)(bound->duration_ns - bound->overhead_ns) / reached, LATE_MOST);
    outlook->limits[outlook->limit_count++] = limit;
}

static const struct forecast_bound *bound_of(const struct forecast *forecast,
                                             enum forecast_limit limit)
{
    for (uint32_t i = 0; i < forecast->bound_count; i++)
        if (forecast->bounds[i].limit == limit)
            return &forecast->bounds[i];
    CHECK(!"a bound of every kind");
    return NULL;
}

/* So many settlements a second, and nothing else. */
static void add_machine(const struct outlook_basis *basis, const struct outlook_question *question,
                        enum outlook_cause cause, double per_s, double reached,
                        struct outlook *outlook)
{
    if (!isfinite(per_s))
        return;
    struct forecast forecast;
    struct forecast_input input = input_of(basis, question, per_s);
    forecast_make(&input, &forecast);
    struct forecast_bound bound = *bound_of(&forecast, FORECAST_MACHINE);
    double work_ns = (double)question->accounts * 1e9 / per_s; // forecast.h knows whole ones alone
    bound.duration_ns = bound.overhead_ns + (uint64_t)fmin(work_ns, DURATION_MOST);
    add_limit(outlook,
              (struct outlook_limit){
                  .cause = cause,
                  .value = cause == OUTLOOK_CONCURRENCY ? basis->concurrency : 0,
                  .per_s = per_s,
              },
              &bound, reached);
}

static void add_machines(const struct outlook_basis *basis, const struct outlook_question *question,
                         struct outlook *outlook)
{
    double carried = basis->carried_per_s, share = share_reached(basis);
    add_machine(basis, question, basis->carried_by, carried, basis->reached_per_s / carried,
                outlook);
    // What was carried, a computed limit must let through.
    if (basis->carried_by != OUTLOOK_DATABASE && isfinite(basis->database_per_s))
        add_machine(basis, question, OUTLOOK_DATABASE, fmax(basis->database_per_s, carried), share,
                    outlook);
    if (basis->carried_by != OUTLOOK_CPU && isfinite(basis->cpu_per_s))
        add_machine(basis, question, OUTLOOK_CPU, fmax(basis->cpu_per_s, carried), share, outlook);
}

static int by_duration(const void *a, const void *b)
{
    const struct outlook_limit *left = a, *right = b;
    if (left->duration_ns != right->duration_ns)
        return left->duration_ns < right->duration_ns ? 1 : -1;
    return (left->cause > right->cause) - (left->cause < right->cause);
}

static void conclude(struct outlook *outlook)
{
    qsort(outlook->limits, outlook->limit_count, sizeof outlook->limits[0], by_duration);
    if (outlook->limit_count == 0)
        return;
    outlook->duration_ns = outlook->limits[0].duration_ns;
    if (outlook->limits[0].late_ns == 0)
        return;
    for (size_t i = 0; i < outlook->limit_count; i++)
        if (outlook->limits[i].late_ns > outlook->late_ns)
            outlook->late_ns = outlook->limits[i].late_ns;
}

void outlook_make(const struct outlook_basis *basis, const struct outlook_question *question,
                  struct outlook *outlook)
{
    CHECK(question->accounts > 0);
    struct forecast forecast;
    struct forecast_input input = input_of(basis, question, basis->carried_per_s);
    double share = share_reached(basis);
    *outlook = (struct outlook){.accounts = question->accounts};
    forecast_make(&input, &forecast);
    if (question->rate_per_s > 0)
        add_limit(outlook,
                  (struct outlook_limit){.cause = OUTLOOK_BANK_RATE,
                                         .value = question->rate_per_s,
                                         .per_s = question->rate_per_s / basis->calls},
                  bound_of(&forecast, FORECAST_RATE), share);
    add_machines(basis, question, outlook);
    if (basis->carried_by != OUTLOOK_CONCURRENCY && basis->call_ns > 0 &&
        isfinite(basis->concurrency))
        add_limit(outlook,
                  (struct outlook_limit){.cause = OUTLOOK_CONCURRENCY,
                                         .value = basis->concurrency,
                                         .per_s = basis->concurrency * 1e9 /
                                                  (basis->calls * basis->call_ns)},
                  bound_of(&forecast, FORECAST_CALLS), share);
    if (basis->path_ns > 0 && outlook->limit_count > 0)
        add_limit(outlook, (struct outlook_limit){.cause = OUTLOOK_PATH},
                  bound_of(&forecast, FORECAST_PATH), 1);
    conclude(outlook);
}
