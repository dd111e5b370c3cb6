// What a visitor is asked now and then; not part of the first view.
import { later } from './later.tsx'

export const Form = later(() => import('./Form.tsx').then((found) => found.Form))
export const Rating = later(() => import('./Rating.tsx').then((found) => found.Rating))
