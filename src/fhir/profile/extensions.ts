// Extensions whose definition is loaded, wherever they stand in a resource that is checked against a profile.
import { isObject, type JsonObject } from '../types.ts'
import { maxProfileDepth, type Run, within } from './run.ts'

export function checkExtensions(resource: JsonObject, run: Run, isKnown: (url: string) => boolean): void {
  for (const [name, value] of Object.entries(resource)) {
    // The element of _birthDate is birthDate.
    const step = name.startsWith('_') ? name.slice(1) : name
    if (name === 'contained') continue
    if (Array.isArray(value)) {
      value.forEach((each, at) => {
        if (isObject(each)) look(each, `${step}[${at}]`, /xtension$/.test(name), run, isKnown)
      })
    } else if (isObject(value)) look(value, step, false, run, isKnown)
  }
}

function look(
  value: JsonObject,
  step: string,
  isExtension: boolean,
  run: Run,
  isKnown: (url: string) => boolean,
): void {
  if (run.depth >= maxProfileDepth) return
  within(step, run, () => {
    const { url } = value
    if (isExtension && typeof url === 'string' && isKnown(url))
      run.conform({ value, type: 'Extension' }, url, run)
    else checkExtensions(value, run, isKnown)
  })
}
