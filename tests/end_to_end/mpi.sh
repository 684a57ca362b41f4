# For tests of several ranks: `. mpi.sh`, with $rnn and behind expect.sh, ends with 77 where there is no MPI, and brings `ranks`.
OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# More ranks than processors, on this machine alone.
OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_plm=isolated
# A launcher that ends removes the folder that all have for their sockets, while another makes it.
OMPI_MCA_orte_tmpdir_base=$PWD
export OMP_NUM_THREADS OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_orte_tmpdir_base
export OMPI_MCA_rmaps_base_oversubscribe OMPI_MCA_mpi_yield_when_idle OMPI_MCA_hwloc_base_binding_policy OMPI_MCA_plm

skip() { echo "${0##*/}: skipped: $*"; exit 77; }
echo "model linear { input x[1] target y[1] param w[1] loss mse(w * x, y) }" >linear.rnn
echo "x,y" >linear.csv
! "$rnn" train linear.rnn --data linear.csv --ranks 2 2>&1 | grep -q "built without MPI" || skip "this rnn was built without MPI"
command -v mpirun >/dev/null || skip "there is no mpirun"
rm linear.rnn linear.csv

# ranks COUNT COMMAND...: the command as one process, or as so many ranks.
ranks() {
  count=$1
  shift
  if [ "$count" = 1 ]; then "$@"; else mpirun -n "$count" "$@"; fi
}
