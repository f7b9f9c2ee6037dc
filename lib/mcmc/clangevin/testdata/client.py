"""Calls the library through ctypes: python3 client.py libgibbs_langevin.so

Prints one line for each call: name, seed, code, last positions.
"""
import ctypes
import sys
import threading

INT, DOUBLE, ARRAY = ctypes.c_int64, ctypes.c_double, ctypes.POINTER(ctypes.c_double)
SCORE = ctypes.CFUNCTYPE(ctypes.c_int, ARRAY, ARRAY, INT, ctypes.c_void_p)


class Run(ctypes.Structure):
    _fields_ = [("chains", INT), ("dim", INT), ("steps", INT), ("step_size", DOUBLE),
                ("temperature", DOUBLE), ("seed", INT), ("threads", INT)]


class Mixture(ctypes.Structure):
    _fields_ = [("components", INT), ("means", ARRAY), ("weights", ARRAY), ("sigmas", ARRAY)]


library = ctypes.CDLL(sys.argv[1])
library.gibbs_langevin_draw_mixture.argtypes = [ctypes.POINTER(Run), ctypes.POINTER(Mixture), ARRAY, ARRAY]
library.gibbs_langevin_draw.argtypes = [ctypes.POINTER(Run), SCORE, ctypes.c_void_p, ARRAY, ARRAY]
library.gibbs_langevin_message.argtypes = [ctypes.c_int, ctypes.c_char_p, INT]
library.gibbs_langevin_message.restype = INT


def array(*numbers):
    return (DOUBLE * len(numbers))(*numbers)


@SCORE
def normal(x, score, dim, data):
    for i in range(dim):
        score[i] = -2 * x[i]
    return 0


chains, dim = 5, 2
mixture = Mixture(2, array(-2, 0, 2, 0), array(1, 3), array(1, 0.5))
lines = {}


def work(seed):
    run = Run(chains=chains, dim=dim, steps=300, step_size=0.01, seed=seed, threads=2)
    x, y = array(*[10] * chains * dim), array(*[10] * chains * dim)
    lines["mixture", seed] = library.gibbs_langevin_draw_mixture(run, mixture, x, x), list(x)
    lines["score", seed] = library.gibbs_langevin_draw(run, normal, None, y, y), list(y)


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for (name, seed), (code, x) in sorted(lines.items()):
    print(name, seed, code, *map(repr, x))

message = ctypes.create_string_buffer(256)
library.gibbs_langevin_message(2, message, 256)
print("message", message.value.decode())
