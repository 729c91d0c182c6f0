// Places of `near`: everything within a distance (http://hl7.org/fhir/R4/location.html#positional).
import { type FilterRead, isComplete, type Reading, refuse } from './filter-read.ts'
import type { SearchParam } from './search-params.ts'
import { splitUnescaped } from './search-value.ts'

const KM: Readonly<Record<string, number>> = {
  km: 1,
  m: 0.001,
  '[mi_i]': 1.609344,
  '[mi_us]': 1.609347,
  mi: 1.609344,
  '[ft_i]': 0.0003048,
}
/** Who says no distance means the neighbourhood. */
const defaultKm = 50
const maxKm = 20_040

/** `latitude|longitude|distance|unit` */
export function readPlaces(
  { code: param }: SearchParam,
  values: readonly string[],
  { name }: Reading,
): FilterRead {
  const places = values.map((value) => {
    const [latitude = '', longitude = '', distance, unit = 'km', ...more] = splitUnescaped(value, '|')
    const factor = KM[unit]
    const km =
      distance === undefined || distance === '' ? defaultKm : Number(distance) * (factor ?? Number.NaN)
    const isNumber =
      /^[-+]?\d{1,3}(?:\.\d{1,20})?$/.test(latitude) && /^[-+]?\d{1,3}(?:\.\d{1,20})?$/.test(longitude)
    const place = { latitude: Number(latitude), longitude: Number(longitude), km: Math.min(km, maxKm) }
    const fits = isNumber && Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180
    return fits && km >= 0 && more.length === 0 ? place : undefined
  })
  if (!isComplete(places)) return refuse(name, 'is no place - use latitude|longitude|distance|km')
  return { filter: { kind: 'near', param, places } }
}
