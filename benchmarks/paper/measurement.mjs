// What the tables and figures of the paper are made from: everything that is measured on one model. Plain JSON.
// Accuracies are shares, 0 … 1. null stands where a figure has no meaning; a key is absent where it does not apply.

/**
 * @typedef {object} Measurement
 * @property {MeasuredModel} model
 * @property {string} title the data set for people, 'CIFAR10-LT (ρ = 100)'
 * @property {string[]} classes
 * @property {number[]} counts training samples per class
 * @property {{ many: number, few: number }} thresholds
 * @property {('many' | 'medium' | 'few')[]} groups of each class
 * @property {SetFigures} train
 * @property {SetFigures} test
 * @property {number[]} weightNorms ‖w_k‖ of the model's own head
 * @property {BatchNormSummary | null} batchNorm null for a network without batch normalisation
 * @property {{ train: RandomLayer[], test: RandomLayer[] }} randomLayers after 0 … 3 random layers
 * @property {LayerRatio[]} [layers] of MLPs and ResBlocks, in the order of the network
 * @property {Theorem1Line[]} theorem1
 * @property {number | null} largestCosine between training features of different classes
 * @property {Theorem2Summary | null} theorem2 of the head 'wb' where there is one, else of the model's own
 * @property {HeadFigures[]} heads
 * @property {{ average: number, many?: number, medium?: number, few?: number, perClass: number[] } | null} forgetting mean score of the training samples; null where the training's log has none
 * @property {string} data where the samples came from, for people
 * @property {number} seconds that measuring took
 */

/**
 * @typedef {object} MeasuredModel
 * @property {string} name the file's, without its ending
 * @property {string} sha256
 * @property {number} bytes
 * @property {string} dataset as python-export names it: 'cifar10', 'mnist', 'table:krkopt.tsv.gz'
 * @property {number} imbalanceFactor 0: the data as they are
 * @property {string} model 'resnet20'
 * @property {string} method 'ce-wd'
 * @property {number} seed
 * @property {number} epochs
 * @property {number} weightDecay
 * @property {number} [beta] of the class-balanced loss
 * @property {number} [bnScale]
 * @property {number} [featureRegularization]
 * @property {boolean} [etfBias]
 * @property {number} [dropout]
 * @property {string} [commit]
 */

/**
 * @typedef {object} SetFigures
 * @property {number} samples
 * @property {{ samples: number | null, classes: number | null, rank: number, dropped: number }} fdr about the mean of the samples (the published figures) and of the class means
 * @property {{ sameClass: number | null, differentClass: number | null, matrix: (number | null)[][] }} cosine
 * @property {(number | null)[]} classMeanNorms ‖μ_k‖
 * @property {(number | null)[]} featureNorms mean ‖f‖ of each class
 * @property {{ nc1: number | null, nc2: { equinorm: number | null, equiangularity: number | null }, nc3: number | null, nc4: number | null }} collapse
 * @property {number} accuracy of the model's own head, over all samples
 */

/** @typedef {{ scaleMean: number, shiftSd: number, layers: { name: string, scaleMean: number, shiftSd: number }[] }} BatchNormSummary */

/** @typedef {{ layers: number, mean: number | null, sd: number, seeds: number }} RandomLayer Fisher's ratio after so many random layers, over seeds of the layers */

/** @typedef {{ name: string, kind: string, fdr: number | null, reluFdr: number | null }} LayerRatio */

/** @typedef {{ quantile: number, epsilon: number, length: number, delta: number, holds: boolean, bound: number | null }} Theorem1Line */

/**
 * @typedef {object} Theorem2Summary
 * @property {number} centring ‖μ‖ against the mean ‖μ_k‖
 * @property {number} cosine mean of cos(w_k, μ_k)
 * @property {number} distance mean of ‖w_k − w*_k‖ / ‖w_k‖
 * @property {number} gradientRatio the gradient's norm at W* against that at 0
 * @property {number} implicitGamma
 * @property {number} r2
 */

/**
 * @typedef {object} HeadFigures
 * @property {'none' | 'additive' | 'multiplicative' | 'multiplicative-code' | 'wb' | 'wb-published' | 'wb-norm'} name 'multiplicative' as in the paper, rows normalised; '-code' as in the published code, bias scaled too; wb with β = 1 (the paper's), wb-published with β = 0.9999, wb-norm with rows normalised once in place of MaxNorm
 * @property {Record<string, number | string>} chosen on validation, { tau: 0.8 }; empty where nothing was
 * @property {GroupAccuracy} validation
 * @property {GroupAccuracy & { perClass: (number | null)[] }} test
 * @property {number[]} weightNorms
 */

/** @typedef {{ average: number, many?: number, medium?: number, few?: number }} GroupAccuracy averaged over classes */

/** @typedef {{ name: string, title: string, columns: string[], rows: string[][], notes: string[], missing: string[] }} PaperTable 'missing': one sentence for each thing that a cell '–' stands for */

export {};
