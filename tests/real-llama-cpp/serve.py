"""Serves a GGUF with llama.cpp's own HTTP server, as the package xllamacpp has it; prints the address and stays until it is ended."""
import sys
import threading

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.port = 0
params.n_ctx = 2048
params.n_parallel = 2
params.n_gpu_layers = 0
params.cpuparams.n_threads = 2
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
threading.Event().wait()
