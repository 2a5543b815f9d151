/**
 * onnx-tailor rebalances a classifier that is already an .onnx file. This list is the whole public API; everything else
 * may change without notice.
 *
 * @packageDocumentation
 */

export type { ArrayFile } from './array/array-file.js';
export { type ClassCounts, countLabels, prior } from './array/class-counts.js';
export { type ErrorCode, TailorError } from './array/errors.js';
export type { FeatureRows } from './array/feature-rows.js';
export {
  LIMITS,
  type LimitDescription,
  type LimitName,
  type Limits,
  setLimits,
} from './array/limits.js';
export { headShape, type LinearHead, linearHead, rowNorms } from './array/linear-head.js';
export { type FloatArray, type Matrix, matrix, type Vector, vector } from './array/matrix.js';
export { type NpyArray, type NpyContent, type NumericArray, parseNpy } from './array/npy.js';
export type { NpyRows, RowsOptions } from './array/npy-rows.js';
export { encodeNpz, type Npz, openNpz, readNpz, writeNpz } from './array/npz.js';
export { openArrays } from './array/open-arrays.js';
export type { FileChecksum } from './array/platform.js';
export { writeSafetensors } from './array/safetensors.js';
export { VERSION } from './array/version.js';
export { type HeadLogitsOptions, headLogits } from './compute/head-logits.js';
export { type ArraySourceOptions, npySource, npzSource } from './data/array-source.js';
export { type CifarOptions, type CifarVariant, cifarSource } from './data/cifar.js';
export type { ClassFolderOptions } from './data/class-folders.js';
export { type IdxOptions, idxSource } from './data/idx.js';
export { type ImageFolderOptions, imageFolder } from './data/image-folder.js';
export { type ImageListOptions, imageList } from './data/image-list.js';
export { type LongTailOptions, type LongTailSplit, longTailSplit } from './data/long-tail.js';
export { type OpenSourceOptions, openSource } from './data/open-source.js';
export { type PictureFile, type PictureFilesOptions, pictureFiles } from './data/picture-files.js';
export { type Preprocess, type PreprocessDefaults, parsePreprocess } from './data/preprocess.js';
export { type PerClassOptions, readCounts, readPrior } from './data/read-counts.js';
export type { TableFormat } from './data/read-table.js';
export type { DataSource, Picture, Sample, SampleTensor, SourceFingerprint } from './data/sample.js';
export { subset } from './data/subset.js';
export { type TableOptions, type TableSource, tableSource } from './data/table-source.js';
export { advise, adviseTogether } from './diagnostics/advice.js';
export {
  type BatchNormDiagnostics,
  type BatchNormFigures,
  batchNormDiagnostics,
  type ParameterFigures,
} from './diagnostics/batch-norm.js';
export {
  type CollectChunksOptions,
  type CollectOptions,
  collectChunks,
  collectStatistics,
} from './diagnostics/collect-statistics.js';
export { type DiagnoseOptions, diagnose } from './diagnostics/diagnose.js';
export type { DiagnoseSource } from './diagnostics/diagnose-input.js';
export type {
  Advice,
  CollapseFigures,
  CosineBlocks,
  CosineFigures,
  CountCorrelations,
  Diagnostics,
  HeadAccuracy,
  HeadDistance,
  MissingFigure,
  SmallClass,
  SparsityFigures,
  Theorem1Figures,
  Theorem1Quantile,
  Theorem2Figures,
} from './diagnostics/diagnostics.js';
export { type Fdr, type FdrCenter, type FisherOptions, fisherRatio } from './diagnostics/fdr.js';
export type { LayerPool } from './diagnostics/layer-plan.js';
export {
  type LayerDiagnostics,
  type LayerFigures,
  type LayerOptions,
  probeLayers,
} from './diagnostics/layers.js';
export { mergeStatistics } from './diagnostics/merge-statistics.js';
export {
  probeRandomLayers,
  type RandomLayerDiagnostics,
  type RandomLayerFigures,
  type RandomLayerOptions,
} from './diagnostics/random-layers.js';
export type { FeatureStatistics, HeadStatistics } from './diagnostics/statistics.js';
export {
  type NamedStatistics,
  readStatistics,
  type WriteStatisticsOptions,
  writeStatistics,
} from './diagnostics/statistics-file.js';
export type { AccuracyIntervals, Interval } from './evaluation/bootstrap.js';
export type { ReliabilityBin } from './evaluation/calibration.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluation/evaluate.js';
export {
  type GroupConfusion,
  type GroupConfusionOptions,
  type GroupConfusionRow,
  groupConfusion,
} from './evaluation/group-confusion.js';
export { defaultThresholds, type Group, type GroupThresholds, type PerGroup } from './evaluation/groups.js';
export { type HeadDescription, inspectModel, type ModelDescription } from './features/describe-model.js';
export type { ExtractOptions } from './features/extract.js';
export {
  type BatchTrial,
  type ExtractionReport,
  FeatureSet,
  type FeatureSetContent,
  type Origin,
  type VerificationInputs,
} from './features/feature-set.js';
export { type FeatureChunk, type FeatureStream, openFeatureStream } from './features/feature-stream.js';
export { Model, type OpenModelOptions, openModel, type PreprocessOption } from './features/model.js';
export {
  type FitFeaturesOptions,
  fitFeatures,
  type OpenFeaturesOptions,
  openFeatures,
} from './features/open-features.js';
export type { Progress } from './features/progress.js';
export { readFeatures } from './features/read-features.js';
export { type ReadInputsOptions, readInputs } from './features/read-inputs.js';
export type { PoolOptions } from './features/session-pool.js';
export { type ExtractStoreOptions, extractStore, type StoreReport } from './features/store/extract-store.js';
export type { StorePart } from './features/store/manifest.js';
export type { StorePiece } from './features/store/piece.js';
export { isStore } from './features/store/read-store.js';
export { writeFeatures } from './features/write-features.js';
export {
  ADJUST_METHODS,
  type AdjustContext,
  type Adjustment,
  adjust,
  type MultiplicativeConvention,
} from './head/adjust.js';
export type { ExtraCandidate, GridMethod, Grids, MethodParameters } from './head/candidates.js';
export { type ChooseFitOptions, chooseFit, type FitChoice } from './head/choose-fit.js';
export type { EarlyStopping } from './head/early-stopping.js';
export { type EstimatedPrior, type EstimatePriorOptions, estimatePrior } from './head/estimate-prior.js';
export { type FitVerbRun, fit } from './head/fit.js';
export type { FitConfiguration } from './head/fit-configuration.js';
export type {
  FitEpoch,
  FitProgress,
  FitRun,
  LossName,
  LossOptions,
  MaxNorm,
  Sampling,
  Schedule,
  SgdOptions,
} from './head/fit-options.js';
export { type FitTemperatureOptions, fitTemperature } from './head/fit-temperature.js';
export type { FittedHead } from './head/fitted-head.js';
export { readHeadFile, writeHeadFile } from './head/head-file.js';
export type { Improvement } from './head/improvement.js';
export type { NcmDistance } from './head/ncm.js';
export { FIT_METHODS, type FitMethod, RECIPES, type Recipe, type Solver } from './head/recipes.js';
export { select } from './head/select.js';
export type { CandidateRow, Choice, MethodSummary, Selection, SelectOptions } from './head/selection.js';
export type { TargetPrior } from './head/target-prior.js';
export type { HeadDtype } from './onnx/dtypes.js';
export type { FoundHeads, RefusedOutput } from './onnx/find-heads.js';
export type { LayerKind } from './onnx/find-layers.js';
export type { Activation, HeadKind, HeadLocation, HeadOutput } from './onnx/head-location.js';
export { type ModelFile, readModelFile } from './onnx/model-file.js';
export type { ChangedModel, ChangeModelOptions, SavedModel } from './recalibrate/changed-model.js';
export type { OutputComparison } from './recalibrate/compare-outputs.js';
export type { ComparisonRow } from './recalibrate/comparison.js';
export { type GraftOptions, graft } from './recalibrate/graft.js';
export type { HeadOrigin } from './recalibrate/provenance.js';
export { type BeforeAndAfter, type Recalibration, recalibrate } from './recalibrate/recalibrate.js';
export type {
  GivenHead,
  RecalibrateMethod,
  RecalibrateOptions,
  RecalibrateProgress,
} from './recalibrate/recalibrate-options.js';
export { type Verification, type VerifyOptions, verify } from './recalibrate/verify.js';
export type { ReportContent, ReportEvaluation, ReportRecalibration } from './report/content.js';
export { type DiagnosisReportOptions, diagnosisContent } from './report/diagnosis-content.js';
export { reportHtml } from './report/html.js';
export { reportMarkdown } from './report/markdown.js';
export { reportPlots } from './report/plots.js';
export { type RecalibrationReportOptions, recalibrationContent } from './report/recalibration-content.js';
export {
  type Device,
  type DeviceReport,
  listDevices,
  type RefusedDevice,
  runtimeVersions,
} from './runtime/devices.js';
export type { NamedDevice } from './runtime/ort.js';
export type { SessionOptions } from './runtime/session.js';
export type { TensorData } from './runtime/tensors.js';
export type { Feed, ValueInfo } from './runtime/values.js';
