"""ONNX's own tests of the nodes LSTM, GRU and RNN, as its package makes them, with `rnn import --check`: onnx_nodes.py RNN"""
import os, sys, tempfile, warnings

import onnx
from onnx.backend.test.case.node import collect_testcases

import onnx_data


def main():
    rnn, worst, failed = os.path.abspath(sys.argv[1]), 0, 0
    wanted = {"LSTM", "GRU", "RNN"}
    with warnings.catch_warnings():  # of tests of other operators
        warnings.simplefilter("ignore")
        every = collect_testcases("")  # of all operators: it can be called only once
    cases = [case for case in every if len(case.model.graph.node) == 1 and case.model.graph.node[0].op_type in wanted]
    if {case.model.graph.node[0].op_type for case in cases} != wanted:
        sys.exit("the package lacks tests of LSTM, GRU or RNN")
    with tempfile.TemporaryDirectory() as work:
        for case in cases:
            folder = os.path.join(work, case.name)
            for number, (inputs, outputs) in enumerate(case.data_sets):
                onnx_data.write(folder, case.model, inputs, outputs, number)
            apart, problem = onnx_data.check(rnn, folder, 1e-6)
            worst = max(worst, apart)
            if problem:
                failed += 1
                print(f"{case.name}: {problem}")
    print(f"{len(cases) - failed} of {len(cases)} of ONNX {onnx.__version__}'s tests of LSTM, GRU and RNN pass: "
          f"outputs at most {worst:.2g} apart")
    sys.exit(failed > 0)


main()
