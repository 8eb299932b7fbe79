/** The map's colours: dark and quiet, so that only alarms are warm. */
export const C = {
  ground: '#0b1014', district: '#0f171d', edge: '#3a4c59', subdistrict: '#2a3944',
  water: '#12303f', park: '#11241f', rail: '#2f3e49',
  trunk: '#2a3a46', primary: '#243340', secondary: '#1f2c37', residential: '#1a262f', path: '#17222a',
  home: '#8ca0b0', institution: '#c8d5df', dayCare: '#8fb4d8', canteen: '#7f93a3',
  label: '#8ca0b0', calm: '#2dd4bf', calmInk: '#06231f', busy: '#5f7484',
} as const
