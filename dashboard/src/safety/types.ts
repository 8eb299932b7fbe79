/** The JSON of the fire-safety index by name. */
import type { components } from '../api/rest'

type Schemas = components['schemas']
export type Ranking = Schemas['SafetyRanking']
export type Row = Schemas['SafetyRow']
export type Part = Schemas['PointsShape']
export type House = Schemas['SafetyDetail']
export type Judged = Schemas['JudgedShape']
export type Evidence = Schemas['EvidenceShape']
export type Criterion = Schemas['CriterionShape']
export type Check = Schemas['CheckShape']
export type Checks = Schemas['SafetyChecks']
export type Withdrawn = Schemas['WithdrawnShape']
export type CheckForm = Schemas['CheckForm']
export type Day = Schemas['SafetyDayShape']
