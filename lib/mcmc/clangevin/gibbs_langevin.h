/* Langevin sampling: many chains of
 *
 *     x <- x + eta s(x) + sqrt(2 eta T) z,   z ~ N(0, I),   s = grad log p
 *
 * whose stationary law is p^(1/T) up to a bias of order eta.
 *
 * Ownership. Every buffer is the caller's: the library keeps no pointer after a
 * call and returns none to be freed. Arrays are dense and row by row.
 *
 * Threads. All functions may be called from any number of threads at once. A run
 * spreads its chains over `threads` threads of its own. Results depend on the
 * seed and on a chain's index only, not on threads or on the other chains.
 *
 * The library holds a Go runtime: load it once per process, do not unload it, and
 * do not use it in a child made by fork without exec if the parent has used it.
 */
#ifndef GIBBS_LANGEVIN_H
#define GIBBS_LANGEVIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What functions return. gibbs_langevin_message says it in words. */
enum {
    GIBBS_LANGEVIN_OK = 0,
    GIBBS_LANGEVIN_NULL = 1,     /* a required pointer is null */
    GIBBS_LANGEVIN_RUN = 2,      /* a number of the run is out of range */
    GIBBS_LANGEVIN_MIXTURE = 3,  /* a number of the mixture is out of range */
    GIBBS_LANGEVIN_CALLBACK = 4, /* the score callback returned a non-zero value */
    GIBBS_LANGEVIN_DIVERGED = 5, /* a chain left the finite numbers: eta is too large */
    GIBBS_LANGEVIN_INTERNAL = 6  /* a bug in the library */
};

/* How chains run. A run that goes on from another's end takes another seed. */
typedef struct {
    int64_t chains;     /* at least 1 */
    int64_t dim;        /* length of a position, at least 1 */
    int64_t steps;      /* transitions of each chain, 0 or more */
    double step_size;   /* eta, positive */
    double temperature; /* T, positive; 0 means 1 */
    int64_t seed;       /* any number: it names the noise */
    int64_t threads;    /* 0 or less: one for each CPU */
} gibbs_langevin_run;

/* A mixture of isotropic Gaussians, sum_k w_k N(mean_k, sigma_k^2 I). */
typedef struct {
    int64_t components;    /* at least 1 */
    const double *means;   /* [components][dim] */
    const double *weights; /* [components], not negative, need not sum to one; NULL: equal */
    const double *sigmas;  /* [components], positive; NULL: 1 */
} gibbs_langevin_mixture;

/* A score: writes grad log p(x) to score, both of dim numbers, and returns 0;
 * anything else ends the run. Both buffers are valid during the call only. It is
 * called from up to `threads` threads at once, which are not the caller's; `data`
 * is passed through from the call of gibbs_langevin_draw. */
typedef int (*gibbs_langevin_score)(const double *x, double *score, int64_t dim, void *data);

#ifndef GIBBS_LANGEVIN_TYPES_ONLY

/* Runs chains of a mixture. start and out are [chains][dim]; out receives the
 * last positions. They may be the same buffer, and must not overlap otherwise.
 * After an error other than GIBBS_LANGEVIN_DIVERGED, what out holds is undefined. */
int gibbs_langevin_draw_mixture(const gibbs_langevin_run *run, const gibbs_langevin_mixture *mixture,
                                const double *start, double *out);

/* The same for any score. */
int gibbs_langevin_draw(const gibbs_langevin_run *run, gibbs_langevin_score score, void *data,
                        const double *start, double *out);

/* Writes what a code means to buffer, cut to size bytes with the final zero, and
 * returns the length of the whole message without it. buffer may be NULL if size is 0. */
int64_t gibbs_langevin_message(int code, char *buffer, int64_t size);

#endif

#ifdef __cplusplus
}
#endif
#endif
