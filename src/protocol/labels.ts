export { LABEL_KEY, LABEL_VALUE } from '../domain/label-expression.ts'
