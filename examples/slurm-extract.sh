#!/bin/bash
# Features of a large data set and their diagnosis by Slurm: an array job whose tasks run onnx-tailor on one part each.
#
#   export MODEL=classifier.onnx DATA=pictures/train OUT=work
#   mkdir -p "$OUT"
#   JOB=$(sbatch --parsable examples/slurm-extract.sh)
#   sbatch --dependency="afterok:$JOB" --array=0 examples/slurm-extract.sh report
#
# (The second one, task 0, makes one diagnosis of the statistics of all parts.)
#
# Paths are those of a file system that all nodes share. A task that failed or ran out of time goes on where it was:
#   sbatch --array=3,7 examples/slurm-extract.sh
#
#SBATCH --job-name=features-extract
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%a.log
set -euo pipefail

# As many as --array says; not SLURM_ARRAY_TASK_COUNT, which is 2 where only tasks 3 and 7 run again.
PARTS=${PARTS:-8}
: "${MODEL:?the .onnx file is needed: export MODEL=classifier.onnx}"
: "${DATA:?the data source is needed: export DATA=pictures/train}"
: "${OUT:?the folder of the results is needed: export OUT=work}"
# The same in every task: the last bits of the features depend on them.
OPTIONS=${OPTIONS:---device cpu --threads 4 --batch 64}

if [ "${1:-}" = report ]; then
  # Parts that are missing, or there twice, are an error.
  onnx-tailor diagnose --from-statistics "$OUT"/statistics/part-*.npz --model "$MODEL" \
    --save-statistics "$OUT/statistics.npz" --report "$OUT/report.html" --force
  exit
fi

SHARD=$SLURM_ARRAY_TASK_ID/$PARTS
STATISTICS=$OUT/statistics/part-$(printf %05d "$SLURM_ARRAY_TASK_ID").npz
mkdir -p "$OUT/statistics"

# $OPTIONS is several words. A task that was killed after the last line has left the same statistics: --force.
# shellcheck disable=SC2086
onnx-tailor extract "$MODEL" --data "$DATA" --out "$OUT/features/" --shard "$SHARD" --resume $OPTIONS
onnx-tailor diagnose "$OUT/features/" --shard "$SHARD" --model "$MODEL" --save-statistics "$STATISTICS" --force
