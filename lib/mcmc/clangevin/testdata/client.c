/* Calls the library from four threads at once, with a mixture, with a score of its
 * own, and wrongly. Prints one line for each call: name, code, last positions. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "gibbs_langevin.h"

enum { CHAINS = 5, DIM = 2, THREADS = 4 };

static const double means[] = {-2, 0, 2, 0}, weights[] = {1, 3}, sigmas[] = {1, 0.5};
static const gibbs_langevin_mixture mixture = {2, means, weights, sigmas};

/* The score of N(0, I/precision); data points to the precision. */
static int normal(const double *x, double *score, int64_t dim, void *data) {
    for (int64_t i = 0; i < dim; i++) score[i] = -*(const double *)data * x[i];
    return 0;
}

static int failing(const double *x, double *score, int64_t dim, void *data) {
    (void)x, (void)score, (void)dim, (void)data;
    return 7;
}

typedef struct {
    int64_t seed;
    int mixture_code, score_code;
    double from_mixture[CHAINS * DIM], from_score[CHAINS * DIM];
} job;

static void *work(void *argument) {
    job *j = argument;
    const gibbs_langevin_run run = {.chains = CHAINS, .dim = DIM, .steps = 300, .step_size = 0.01, .seed = j->seed, .threads = 2};
    double start[CHAINS * DIM], precision = 2;
    for (int i = 0; i < CHAINS * DIM; i++) start[i] = j->from_score[i] = 10;
    j->mixture_code = gibbs_langevin_draw_mixture(&run, &mixture, start, j->from_mixture);
    /* start and out may be one buffer */
    j->score_code = gibbs_langevin_draw(&run, normal, &precision, j->from_score, j->from_score);
    return NULL;
}

static void print(const char *name, int64_t seed, int code, const double *x, int n) {
    printf("%s %lld %d", name, (long long)seed, code);
    for (int i = 0; i < n; i++) printf(" %.17g", x[i]);
    printf("\n");
}

static void print_error(const char *name, int code) {
    char all[256], cut[8];
    int64_t length = gibbs_langevin_message(code, all, sizeof all);
    gibbs_langevin_message(code, cut, sizeof cut);
    printf("%s %d %lld %s | %s\n", name, code, (long long)length, cut, all);
}

int main(void) {
    job jobs[THREADS] = {{0}};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i].seed = i;
        if (pthread_create(&threads[i], NULL, work, &jobs[i])) return 1;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        print("mixture", i, jobs[i].mixture_code, jobs[i].from_mixture, CHAINS * DIM);
        print("score", i, jobs[i].score_code, jobs[i].from_score, CHAINS * DIM);
    }

    double x[2] = {1, 1};
    gibbs_langevin_run run = {.chains = 1, .dim = 2, .steps = 1000, .step_size = 0.01};
    gibbs_langevin_mixture wrong = mixture;
    const double negative[] = {1, -1};
    wrong.sigmas = negative;
    print_error("error-null", gibbs_langevin_draw_mixture(&run, NULL, x, x));
    print_error("error-mixture", gibbs_langevin_draw_mixture(&run, &wrong, x, x));
    print_error("error-callback", gibbs_langevin_draw(&run, failing, NULL, x, x));
    run.step_size = 1e6;
    print_error("error-diverged", gibbs_langevin_draw_mixture(&run, &mixture, x, x));
    run.step_size = NAN;
    print_error("error-run", gibbs_langevin_draw_mixture(&run, &mixture, x, x));
    run.chains = INT64_MAX;
    print_error("error-run", gibbs_langevin_draw_mixture(&run, &mixture, x, x));
    print_error("error-unknown", 99);
    return 0;
}
