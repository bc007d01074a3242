package fake

const (
	goldenEmail   = "aylin.turner@calm-rook.example"
	goldenCompany = "Vivid Comet Analytics"
	goldenDataset = "raw_emails_joined"
	goldenComment = "Row count of stores dropped 5% since the 01:15 load. Threshold of 62 is too tight for by_cohort data."
	goldenRising  = "2025-03-06T16:52:24.664032Z"
	goldenInt     = "112428"
)
