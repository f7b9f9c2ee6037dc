"""Random-walk Metropolis of many chains by BlackJAX, vectorised over chains."""
import blackjax
import jax

import walk

walker = blackjax.normal_random_walk(lambda x: -0.5 * x @ (walk.precision @ x), walk.root)


def move(state, key):
    keys = jax.random.split(key, walk.o["chains"])
    return jax.vmap(walker.step)(keys, state)[0], None


walk.serve({"blackjax": blackjax.__version__}, jax.vmap(walker.init), move, lambda state: state.position)
