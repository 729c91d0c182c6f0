// Message structures, made from hl7v2-dictionary by test/hl7/dictionary.ts (HL7 v2 chapters 3, 6, 7, 9, 10).
// Notation: [optional] {repeating} (group) with `NAME:` before the content of a group.
export const STRUCTURES: Readonly<Record<string, string>> = {
  ACK:
    'MSH [{SFT}] [UAC] MSA [{ERR}]',
  ADT_A01:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] [{NK1}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2] [PDA]',
  ADT_A02:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}] [PDA]',
  ADT_A03:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] [{NK1}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{OBX}] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [PDA]',
  ADT_A05:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] [{NK1}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2]',
  ADT_A06:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] [MRG] [{NK1}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2]',
  ADT_A09:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]',
  ADT_A12:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]',
  ADT_A15:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}]',
  ADT_A16:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ARV}] [{ROL}] [{NK1}] PV1 [PV2] [{ARV}] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC]',
  ADT_A17:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]}',
  ADT_A18:
    'MSH [{SFT}] EVN PID [PD1] MRG PV1',
  ADT_A20:
    'MSH [{SFT}] [UAC] EVN NPU',
  ADT_A21:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]',
  ADT_A24:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] [PV1] [{DB1}]}',
  ADT_A30:
    'MSH [{SFT}] [UAC] EVN PID [PD1] MRG',
  ADT_A37:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] [PV1] [{DB1}]}',
  ADT_A38:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}] [DRG]',
  ADT_A39:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] MRG [PV1]}',
  ADT_A43:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] MRG}',
  ADT_A45:
    'MSH [{SFT}] [UAC] EVN PID [PD1] {MERGE_INFO: MRG PV1}',
  ADT_A50:
    'MSH [{SFT}] [UAC] EVN PID [PD1] MRG PV1',
  ADT_A52:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [PV2]',
  ADT_A54:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ROL}] PV1 [PV2] [{ROL}]',
  ADT_A60:
    'MSH [{SFT}] [UAC] EVN PID [PV1] [PV2] [{ARV}] [{ADVERSE_REACTION_GROUP: IAM [{NTE}] [{IAR}]}]',
  ADT_A61:
    'MSH [{SFT}] [UAC] EVN PID [PD1] PV1 [{ROL}] [PV2]',
  BAR_P01:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ROL}] {VISIT: [PV1] [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{NK1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2]}',
  BAR_P02:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PD1] [PV1] [{DB1}]}',
  BAR_P05:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ROL}] {VISIT: [PV1] [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [{GT1}] [{NK1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2] [ABS] [{BLC}] [RMI]}',
  BAR_P06:
    'MSH [{SFT}] [UAC] EVN {PATIENT: PID [PV1]}',
  BAR_P10:
    'MSH [{SFT}] [UAC] EVN PID PV1 [{DG1}] GP1 [{PROCEDURE: PR1 [GP2]}]',
  BAR_P12:
    'MSH [{SFT}] [UAC] EVN PID PV1 [{DG1}] [DRG] [{PROCEDURE: PR1 [{ROL}]}] [OBX]',
  DFT_P03:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ROL}] [PV1] [PV2] [{ROL}] [{DB1}] [{COMMON_ORDER: [ORC] [{TIMING_QUANTITY: TQ1 [{TQ2}]}] [(ORDER: OBR [{NTE}])] [{OBSERVATION: OBX [{NTE}]}]}] {FINANCIAL: FT1 [NTE] [{FINANCIAL_PROCEDURE: PR1 [{ROL}]}] [{FINANCIAL_COMMON_ORDER: [ORC] [{FINANCIAL_TIMING_QUANTITY: TQ1 [{TQ2}]}] [(FINANCIAL_ORDER: OBR [{NTE}])] [{FINANCIAL_OBSERVATION: OBX [{NTE}]}]}]} [{DG1}] [DRG] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC]',
  DFT_P11:
    'MSH [{SFT}] [UAC] EVN PID [PD1] [{ROL}] [PV1] [PV2] [{ROL}] [{DB1}] [{COMMON_ORDER: [ORC] [{TIMING_QUANTITY: TQ1 [{TQ2}]}] [(ORDER: OBR [{NTE}])] [{OBSERVATION: OBX [{NTE}]}]}] [{DG1}] [DRG] [{GT1}] [{INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] {FINANCIAL: FT1 [{FINANCIAL_PROCEDURE: PR1 [{ROL}]}] [{FINANCIAL_COMMON_ORDER: [ORC] [{FINANCIAL_TIMING_QUANTITY: TQ1 [{TQ2}]}] [(FINANCIAL_ORDER: OBR [{NTE}])] [{FINANCIAL_OBSERVATION: OBX [{NTE}]}]}] [{DG1}] [DRG] [{GT1}] [{FINANCIAL_INSURANCE: IN1 [IN2] [{IN3}] [{ROL}]}]}',
  MDM_T01:
    'MSH [{SFT}] [UAC] EVN PID PV1 [{COMMON_ORDER: ORC [{TIMING: TQ1 [{TQ2}]}] OBR [{NTE}]}] TXA [{CON}]',
  MDM_T02:
    'MSH [{SFT}] [UAC] EVN PID PV1 [{COMMON_ORDER: ORC [{TIMING: TQ1 [{TQ2}]}] OBR [{NTE}]}] TXA [{CON}] {GROUP: OBX [{NTE}]}',
  MFN_M02:
    'MSH [{SFT}] [UAC] MFI {MF_STAFF: MFE STF [{PRA}] [{ORG}] [{AFF}] [{LAN}] [{EDU}] [{CER}] [{NTE}]}',
  MFN_M05:
    'MSH [{SFT}] [UAC] MFI {MF_LOCATION: MFE LOC [{LCH}] [{LRL}] {MF_LOC_DEPT: LDP [{LCH}] [{LCC}]}}',
  ORU:
    'MSH [{SFT}] [UAC] {PATIENT_RESULT: [(PATIENT: PID [PD1] [{NTE}] [{NK1}] [{OBX}] [(VISIT: PV1 [PV2])])] {ORDER_OBSERVATION: [ORC] OBR [{NTE}] [{ROL}] [{TIMING_QTY: TQ1 [{TQ2}]}] [CTD] [{OBSERVATION: OBX [{NTE}]}] [{FT1}] [{CTI}] [{SPECIMEN: SPM [{OBX}]}]}} [DSC]',
  ORU_R01:
    'MSH [{SFT}] [UAC] {PATIENT_RESULT: [(PATIENT: PID [PD1] [{PRT}] [{NTE}] [{NK1}] [{PATIENT_OBSERVATION: OBX [{PRT}]}] [(VISIT: PV1 [PV2] [{PRT}])])] {ORDER_OBSERVATION: [ORC] OBR [{NTE}] [{PRT}] [{TIMING_QTY: TQ1 [{TQ2}]}] [CTD] [{OBSERVATION: OBX [{PRT}] [{NTE}]}] [{FT1}] [{CTI}] [{SPECIMEN: SPM [{SPECIMEN_OBSERVATION: OBX [{PRT}]}]}]}} [DSC]',
  ORU_R03:
    'MSH {PATIENT_RESULT: [(PATIENT: PID [{NTE}] [PV1])] {ORDER_OBSERVATION: [ORC] OBR [{NTE}] {OBSERVATION: [OBX] [{NTE}]}}} [DSC]',
  ORU_R30:
    'MSH [{SFT}] [UAC] PID [PD1] [{PATIENT_OBSERVATION: OBX [{PRT}]}] [(VISIT: PV1 [PV2] [{PRT}])] ORC OBR [{NTE}] [{PRT}] [{TIMING_QTY: TQ1 [{TQ2}]}] {OBSERVATION: OBX [{PRT}] [{NTE}]}',
  ORU_R31:
    'MSH [{SFT}] [UAC] PID [PD1] [{PATIENT_OBSERVATION: OBX [{PRT}]}] [(VISIT: PV1 [PV2] [{PRT}])] ORC OBR [{NTE}] [{PRT}] [{TIMING_QTY: TQ1 [{TQ2}]}] {OBSERVATION: OBX [{PRT}] [{NTE}]}',
  ORU_R32:
    'MSH [{SFT}] [UAC] PID [PD1] [{PATIENT_OBSERVATION: OBX [{PRT}]}] [(VISIT: PV1 [PV2] [{PRT}])] ORC OBR [{NTE}] [{PRT}] [{TIMING_QTY: TQ1 [{TQ2}]}] {OBSERVATION: OBX [{PRT}] [{NTE}]}',
  SIU_S12:
    'MSH SCH [{TQ1}] [{NTE}] [{PATIENT: PID [PD1] [PV1] [PV2] [{OBX}] [{DG1}]}] {RESOURCES: RGS [{SERVICE: AIS [{NTE}]}] [{GENERAL_RESOURCE: AIG [{NTE}]}] [{LOCATION_RESOURCE: AIL [{NTE}]}] [{PERSONNEL_RESOURCE: AIP [{NTE}]}]}',
  VXU_V04:
    'MSH [{SFT}] [UAC] PID [PD1] [{NK1}] [(PATIENT: PV1 [PV2])] [{GT1}] [{INSURANCE: IN1 [IN2] [IN3]}] [{ORDER: ORC [{TIMING: TQ1 [{TQ2}]}] RXA [RXR] [{OBSERVATION: OBX [{NTE}]}]}]',
}
